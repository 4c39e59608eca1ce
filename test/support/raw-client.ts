import net from 'node:net';

export interface RawAnswer {
  /** Everything the server said until it hung up, or until `until` was seen. */
  readonly text: string;
  readonly closed: boolean;
}

/** Speaks bytes to a loopback port, for what no HTTP client would say. */
export function rawExchange(
  port: number,
  chunks: readonly string[],
  options: { readonly pauseMs?: number; readonly until?: RegExp } = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    let text = '';
    let closed = false;
    const finish = (): void => {
      clearInterval(dripping);
      socket.destroy();
      resolve({ text, closed });
    };
    const rest = [...chunks];
    const next = (): void => {
      const chunk = rest.shift();
      if (chunk !== undefined && !socket.destroyed) socket.write(chunk);
    };
    let dripping: NodeJS.Timeout | undefined;
    if (options.pauseMs === undefined) while (rest.length > 0) next();
    else {
      next();
      dripping = setInterval(next, options.pauseMs);
    }
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (options.until?.test(text)) finish();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed = true;
      finish();
    });
  });
}
