import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
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
  /** May answer at once or later. `signal` aborts when the client hangs up first. A throw is a 500 and a log line. */
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
   * Goes on accepting for `acceptMs` (the time a load balancer needs to see that readiness went), then as `close(finishMs)`.
   */
  drain(times: { readonly acceptMs: number; readonly finishMs: number }): Promise<void>;
}

/** Bytes in, bytes out, for the admission path: no `Request`, no streams, no copies. Rejects with `ListenError`. */
export async function listenBytes(options: ListenBytesOptions): Promise<BytesListener> {
  const log = options.log ?? silentLog;
  let inFlight = 0;
  const server = new HttpServer({
    tls: options.tls,
    limits: options.limits,
    log,
    onRequest: (incoming, outgoing) => {
      const refusal = refusalOf(incoming, server.limits);
      if (refusal) {
        refuse(outgoing, refusal);
        return;
      }
      inFlight += 1;
      outgoing.once('close', () => {
        inFlight -= 1;
      });
      void serve(incoming, outgoing);
    },
  });

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
    const gone = new AbortController();
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) gone.abort(new Error('the client went away'));
    });
    let response: BytesResponse;
    try {
      response = await options.onRequest(
        { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body },
        gone.signal,
      );
    } catch (error) {
      if (!gone.signal.aborted) log.error('request failed', { error: messageOf(error), method: incoming.method ?? '' });
      response = { status: 500, contentType: 'application/json', body: Buffer.from('{"message":"internal error"}') };
    }
    if (outgoing.destroyed) return;
    outgoing.writeHead(response.status, {
      'content-type': response.contentType,
      'content-length': response.body.byteLength,
      ...response.headers,
    });
    outgoing.end(incoming.method === 'HEAD' ? undefined : response.body);
  }

  const address = options.address ?? '127.0.0.1';
  const port = await server.start(address, options.port);
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    port,
    url: `${server.secure ? 'https' : 'http'}://${host}:${port}`,
    get inFlight() {
      return inFlight;
    },
    setSecureContext: (tls) => server.setSecureContext(tls),
    close: (graceMs) => server.close(graceMs),
    drain: async ({ acceptMs, finishMs }) => {
      await new Promise<void>((resolve) => setTimeout(resolve, acceptMs));
      await server.close(finishMs);
    },
  };
}
