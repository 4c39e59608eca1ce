import type { IncomingMessage } from 'node:http';

/**
 * The body of a Node response as a web stream: bytes as they come, paused while nobody reads, an error when the connection breaks
 * before the end, the connection given up when the reader cancels.
 */
export function toWebBody(incoming: IncomingMessage, signal: AbortSignal): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        incoming.on('data', (chunk: Buffer) => {
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
        });
        let over = false;
        incoming.on('end', () => {
          over = true;
          controller.close();
        });
        const fail = (error: unknown): void => {
          if (over) return;
          over = true;
          controller.error(signal.aborted ? signal.reason : error);
        };
        incoming.on('error', fail);
        incoming.on('close', () => fail(new Error('the connection broke inside the answer')));
        incoming.pause();
      },
      pull() {
        incoming.resume();
      },
      cancel() {
        incoming.removeAllListeners('data');
        incoming.removeAllListeners('end');
        incoming.removeAllListeners('close');
        incoming.destroy();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 256 * 1024 }),
  );
}
