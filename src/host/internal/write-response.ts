import type { ServerResponse } from 'node:http';
import { TextResponse } from '../../base/text-response.ts';

type Read = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>;

/**
 * Sends a `Response`. A body that declares its length, or is there at once, goes out in one piece; any other is streamed as it comes, with
 * back-pressure, the headers first. The stream is cancelled when the client goes. Rejects when the stream fails: the connection is
 * then cut, so that the client cannot take the torso for the whole.
 */
export async function writeResponse(response: Response, outgoing: ServerResponse, isHead: boolean): Promise<void> {
  const headers = headerPairs(response.headers);
  if (response instanceof TextResponse && !isHead) {
    if (!response.headers.has('content-length')) headers.push('content-length', String(Buffer.byteLength(response.whole)));
    outgoing.writeHead(response.status, headers);
    // A string goes out in one piece with its headers.
    outgoing.end(response.whole);
    return;
  }
  const body = response.body;
  if (body === null || isHead) {
    await body?.cancel();
    outgoing.writeHead(response.status, headers);
    outgoing.end();
    return;
  }
  if (response.headers.has('content-length')) {
    try {
      const whole = new Uint8Array(await response.arrayBuffer());
      outgoing.writeHead(response.status, headers);
      outgoing.end(whole);
    } catch (error) {
      outgoing.destroy();
      throw error;
    }
    return;
  }
  const reader = body.getReader();
  const onClose = (): void => void reader.cancel(new Error('the client went away')).catch(() => undefined);
  outgoing.once('close', onClose);
  try {
    const first = await soon(reader.read());
    if (first.value?.done) {
      outgoing.writeHead(response.status, headers);
      outgoing.end();
      return;
    }
    let pending = first.pending;
    if (first.value !== undefined) {
      const second = await soon(reader.read());
      if (second.value?.done) {
        if (!response.headers.has('content-length')) headers.push('content-length', String(first.value.value?.byteLength ?? 0));
        outgoing.writeHead(response.status, headers);
        outgoing.end(first.value.value);
        return;
      }
      outgoing.writeHead(response.status, headers);
      await write(outgoing, first.value.value);
      pending = second.pending;
    } else {
      outgoing.writeHead(response.status, headers);
      outgoing.flushHeaders();
    }
    const gather = gathering(outgoing);
    for (let read = await pending; !read.done; read = await reader.read()) {
      if (outgoing.destroyed) return;
      gather();
      await write(outgoing, read.value);
    }
    outgoing.end();
  } catch (error) {
    outgoing.destroy();
    throw error;
  } finally {
    outgoing.off('close', onClose);
  }
}

interface Soon {
  readonly pending: Promise<Read>;
  readonly value: Read | undefined;
}

/** The result of a read if it is there within this turn of the event loop. */
async function soon(pending: Promise<Read>): Promise<Soon> {
  const value = await Promise.race([pending, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
  return { pending, value };
}

/** What comes within one turn of the event loop goes out in one piece: many small parts, as of a watch, else cost a packet each. */
function gathering(outgoing: ServerResponse): () => void {
  let corked = false;
  return () => {
    if (corked) return;
    corked = true;
    outgoing.cork();
    setImmediate(() => {
      corked = false;
      if (!outgoing.writableEnded) outgoing.uncork();
    });
  };
}

function write(outgoing: ServerResponse, chunk: Uint8Array | undefined): Promise<void> | undefined {
  if (chunk === undefined || outgoing.write(chunk)) return undefined;
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off('drain', go);
      outgoing.off('close', go);
      resolve();
    };
    outgoing.on('drain', go);
    outgoing.on('close', go);
  });
}

/** How a body is framed is this connection's own affair (RFC 9112 6.1): an answer handed on from another server may carry that one's framing. */
function headerPairs(headers: Headers): string[] {
  const pairs: string[] = [];
  for (const [name, value] of headers) if (name !== 'transfer-encoding') pairs.push(name, value);
  return pairs;
}
