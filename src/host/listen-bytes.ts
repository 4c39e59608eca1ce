import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { type Log, silentLog } from '../base/log.ts';
import type { HttpLimits, TlsOptions } from './http-limits.ts';
import { HttpServer } from './internal/http-server.ts';
import { refusalOf, refuse } from './internal/request-guard.ts';
import type { Listener } from './listen.ts';

/** A whole request as bytes. */
export interface BytesRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** Of the headers the content type alone, in lower case: to make an object of all of them costs more than to read a small body. */
  readonly headers: { readonly 'content-type': string | undefined };
  readonly body: Buffer;
}

export interface BytesResponse {
  readonly status: number;
  readonly contentType: string;
  /** A text is sent as UTF-8. */
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ListenBytesOptions {
  /**
   * May answer at once or later. `signal` aborts when the client hangs up; a listener on it must go with its request, since the connection's
   * next requests share it. A throw is a 500 and a log line.
   */
  readonly onRequest: (request: BytesRequest, signal: AbortSignal) => BytesResponse | Promise<BytesResponse>;
  /**
   * Answers a request for which there is no room: too many wait, or too many bytes of bodies are held (`HttpLimits`). Called as soon as that is
   * known; the rest of the body is passed over and the connection kept, since a new handshake costs more than the request. Default: a 503.
   */
  readonly onOverload?: (limit: 'waiting-requests' | 'held-bytes') => BytesResponse;
  /** A connection beyond the limit was shut as it came. Default: a log line. */
  readonly onDrop?: () => void;
  /** A connection came to nothing before it was a TLS session: cut off, too slow, or no TLS at all. */
  readonly onFailedHandshake?: () => void;
  readonly tls?: TlsOptions;
  /** Default `127.0.0.1`. */
  readonly address?: string;
  readonly port: number;
  readonly limits?: Partial<HttpLimits>;
  readonly log?: Log;
}

/** A listener whose end can be announced first. */
export interface BytesListener extends Listener {
  /** Requests that were read and not yet answered. */
  readonly inFlight: number;
  /**
   * Goes on accepting for `acceptMs` (the time a load balancer needs to see that readiness went), one request a connection, then as
   * `close(finishMs)`.
   */
  drain(times: { readonly acceptMs: number; readonly finishMs: number }): Promise<void>;
}

/** Bytes in, bytes out, for the admission path: no `Request`, no streams, no copies. Rejects with `ListenError`. */
export async function listenBytes(options: ListenBytesOptions): Promise<BytesListener> {
  const log = options.log ?? silentLog;
  const hangUps = new WeakMap<Socket, AbortController>();
  const server = new HttpServer({
    tls: options.tls,
    limits: options.limits,
    onDrop: options.onDrop,
    onFailedHandshake: options.onFailedHandshake,
    log,
    onRequest: (incoming, outgoing) => {
      const refusal = refusalOf(incoming, server.limits);
      if (refusal) refuse(outgoing, refusal);
      else serve(incoming, outgoing);
    },
  });

  /** One for all requests of a connection, since HTTP/1.1 has no other way to call off a request than to hang up. */
  function hangUpOf(socket: Socket): AbortSignal {
    const known = hangUps.get(socket);
    if (known !== undefined) return known.signal;
    const controller = new AbortController();
    hangUps.set(socket, controller);
    socket.once('close', () => controller.abort(new Error('the client went away')));
    return controller.signal;
  }

  let waiting = 0;
  let heldBytes = 0;

  function turnAway(incoming: IncomingMessage, outgoing: ServerResponse, limit: 'waiting-requests' | 'held-bytes'): void {
    incoming.removeAllListeners('data');
    incoming.removeAllListeners('end');
    incoming.resume();
    send(outgoing, options.onOverload?.(limit) ?? OVERLOADED, incoming.method);
  }

  function serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    let first: Buffer | undefined;
    let chunks: Buffer[] | undefined;
    let length = 0;
    // Most bodies come in one piece and are answered in the same breath: nothing is counted for them.
    const more = (chunk: Buffer): void => {
      if (heldBytes + chunk.length > server.limits.maxHeldBytes) {
        turnAway(incoming, outgoing, 'held-bytes');
        return;
      }
      if (chunks === undefined) {
        chunks = first === undefined ? [] : [first];
        outgoing.on('close', () => {
          heldBytes -= counted;
        });
      }
      chunks.push(chunk);
      counted += chunk.length;
      heldBytes += chunk.length;
    };
    let counted = 0;
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > server.limits.maxBodyBytes) {
        incoming.removeAllListeners('data');
        incoming.pause();
        refuse(outgoing, { status: 413, message: `the body is larger than ${server.limits.maxBodyBytes} bytes` });
      } else if (first === undefined) first = chunk;
      else more(chunk);
    });
    // A client that goes away inside its request never comes here, and nobody waits for it.
    incoming.on('end', () => decide(incoming, outgoing, chunks === undefined ? (first ?? EMPTY) : Buffer.concat(chunks, length)));
  }

  /** Without a promise where the handler answers at once. */
  function decide(incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): void {
    // A probe is a GET: somebody who is busy is not dead.
    if (waiting >= server.limits.maxWaiting && incoming.method === 'POST') {
      turnAway(incoming, outgoing, 'waiting-requests');
      return;
    }
    const signal = hangUpOf(incoming.socket);
    const failed = (error: unknown): void => {
      if (!signal.aborted) log.error('request failed', { error: messageOf(error), method: incoming.method ?? '' });
      send(outgoing, { status: 500, contentType: 'application/json', body: '{"message":"internal error"}' }, incoming.method);
    };
    try {
      const headers = { 'content-type': contentTypeOf(incoming) };
      const answer = options.onRequest({ method: incoming.method ?? '', path: incoming.url ?? '', headers, body }, signal);
      if (!(answer instanceof Promise)) send(outgoing, answer, incoming.method);
      else {
        waiting += 1;
        const settled = (): void => {
          waiting -= 1;
        };
        answer.then(settled, settled);
        answer.then((response) => send(outgoing, response, incoming.method), failed);
      }
    } catch (error) {
      failed(error);
    }
  }

  const address = options.address ?? '127.0.0.1';
  const port = await server.start(address, options.port);
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    port,
    url: `${server.secure ? 'https' : 'http'}://${host}:${port}`,
    get inFlight() {
      return server.inFlight;
    },
    setSecureContext: (tls) => server.setSecureContext(tls),
    close: (graceMs) => server.close(graceMs),
    drain: async ({ acceptMs, finishMs }) => {
      server.sendAway();
      await new Promise<void>((resolve) => setTimeout(resolve, acceptMs));
      await server.close(finishMs);
    },
  };
}

const EMPTY = Buffer.alloc(0);
const OVERLOADED: BytesResponse = {
  status: 503,
  contentType: 'application/json',
  body: '{"message":"too much to do, try again"}',
  headers: { 'retry-after': '1' },
};

/** The first one counts, as for Node. */
function contentTypeOf({ rawHeaders }: IncomingMessage): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 12 && name.toLowerCase() === 'content-type') return rawHeaders[index + 1];
  }
  return undefined;
}

function send(outgoing: ServerResponse, { status, contentType, body, headers }: BytesResponse, method: string | undefined): void {
  if (outgoing.destroyed) return;
  // As text the body leaves in one write with the headers; latin1 is bytes for bytes.
  const text = typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  const own = { 'content-type': contentType, 'content-length': length };
  outgoing.writeHead(status, headers === undefined ? own : { ...own, ...headers });
  if (method === 'HEAD') outgoing.end();
  else outgoing.end(text, length === text.length ? 'latin1' : 'utf8');
}
