import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { type Log, silentLog } from '../base/log.ts';
import type { HttpLimits, TlsOptions } from './http-limits.ts';
import { HttpServer } from './internal/http-server.ts';
import { readBody, refusalOf, refuse } from './internal/request-guard.ts';
import type { Listener } from './listen.ts';

/** A whole request as bytes. */
export interface BytesRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface BytesResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ListenBytesOptions {
  /**
   * May answer at once or later. `signal` aborts when the client hangs up; a listener on it must go with its request, since the connection's
   * next requests share it. A throw is a 500 and a log line.
   */
  readonly onRequest: (request: BytesRequest, signal: AbortSignal) => BytesResponse | Promise<BytesResponse>;
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
    log,
    onRequest: (incoming, outgoing) => {
      const refusal = refusalOf(incoming, server.limits);
      if (refusal) refuse(outgoing, refusal);
      else void serve(incoming, outgoing);
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

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let body: Buffer | undefined;
    try {
      body = await readBody(incoming, server.limits.maxBodyBytes);
    } catch (error) {
      log.debug('request ended early', { error: messageOf(error) });
      return;
    }
    if (body === undefined) {
      refuse(outgoing, { status: 413, message: `the body is larger than ${server.limits.maxBodyBytes} bytes` });
      return;
    }
    const signal = hangUpOf(incoming.socket);
    let response: BytesResponse;
    try {
      const answer = options.onRequest(
        { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body },
        signal,
      );
      response = answer instanceof Promise ? await answer : answer;
    } catch (error) {
      if (!signal.aborted) log.error('request failed', { error: messageOf(error), method: incoming.method ?? '' });
      response = { status: 500, contentType: 'application/json', body: Buffer.from('{"message":"internal error"}') };
    }
    if (outgoing.destroyed) return;
    const bytes = response.body;
    outgoing.writeHead(response.status, { 'content-type': response.contentType, 'content-length': bytes.byteLength, ...response.headers });
    if (incoming.method === 'HEAD') outgoing.end();
    // As text the body leaves in one write with the headers; latin1 is bytes for bytes.
    else outgoing.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), 'latin1');
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
