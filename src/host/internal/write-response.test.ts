import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { writeResponse } from './write-response.ts';

/** What goes out, a text for each piece that would be a packet. */
class Outgoing extends Writable {
  readonly pieces: string[] = [];
  writeHead(): void {}
  flushHeaders(): void {}
  override _write(part: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(part.toString());
    done();
  }
  override _writev(parts: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.pieces.push(parts.map(({ chunk }) => chunk.toString()).join('+'));
    done();
  }
}

test('what a stream brings in one turn of the event loop goes out in one piece', async () => {
  let push: (text: string) => void = () => undefined;
  let close: () => void = () => undefined;
  const body = new ReadableStream({
    start(controller) {
      push = (text) => controller.enqueue(new TextEncoder().encode(text));
      close = () => controller.close();
    },
  });
  const outgoing = new Outgoing();
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
  const written = writeResponse(new Response(body), outgoing as unknown as ServerResponse, false);
  await turn();
  // Each of these has been written by the time the next one comes, as of requests that are answered one after the other.
  for (const text of ['a', 'b', 'c']) {
    push(text);
    await new Promise((resolve) => process.nextTick(resolve));
    await Promise.resolve();
  }
  await turn();
  push('d');
  await turn();
  close();
  await written;
  expect(outgoing.pieces).toStrictEqual(['a+b+c', 'd']);
});
