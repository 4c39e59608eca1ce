import { connect, type TLSSocket } from 'node:tls';

export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly requests: number;
}

/** The request as bytes, as Go's client of the API server frames it. */
export const requestBytes = (port: number, body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST /mutate?timeout=10s HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: kube-apiserver-admission\r\nContent-Length: ${body.length}\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n`,
    ),
    body,
  ]);

/** A new connection of its own session. */
export function open(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => resolve(socket));
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

/** The whole answer's length if it is there; -1: not yet. Answers with a length alone are understood. */
function answerLength(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return -1;
  const head = bytes.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(`the webhook answered ${head.slice(0, 40)}`);
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error('an answer without a length');
  const total = end + 4 + Number(length);
  return bytes.length >= total ? total : -1;
}

/** Sends one request and returns the answer's body. */
export function exchange(socket: TLSSocket, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const onClose = (): void => reject(new Error('the webhook hung up'));
    const onData = (part: Buffer): void => {
      bytes = bytes.length === 0 ? part : Buffer.concat([bytes, part]);
      try {
        if (answerLength(bytes) === -1) return;
      } catch (error) {
        reject(error);
        return;
      }
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4));
    };
    socket.on('data', onData);
    socket.once('close', onClose);
    socket.write(request);
  });
}

/** A closed loop on each of `connections` for `ms`. */
export async function load(port: number, body: Buffer, { connections, ms }: { connections: number; ms: number }): Promise<LoadResult> {
  const request = requestBytes(port, body);
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const times: number[] = [];
  const started = performance.now();
  const end = started + ms;
  await Promise.all(
    sockets.map(async (socket) => {
      for (let sent = performance.now(); sent < end; ) {
        await exchange(socket, request);
        const now = performance.now();
        times.push(now - sent);
        sent = now;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  for (const socket of sockets) socket.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99), requests: times.length };
}
