import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { messageOf } from '../base/errors.ts';
import { type Log, silentLog } from '../base/log.ts';
import type { HttpLimits, TlsOptions } from './http-limits.ts';
import { HttpServer } from './internal/http-server.ts';
import { readBody, refusalOf, refuse } from './internal/request-guard.ts';
import { writeResponse } from './internal/write-response.ts';

export interface ListenOptions {
  /** Its request's signal aborts when the client goes away; a streaming body is then cancelled. */
  readonly handler: (request: Request) => Promise<Response>;
  readonly tls?: TlsOptions;
  /** Default `127.0.0.1`. */
  readonly address?: string;
  /**
   * Hand the adapter's own request to the handler, which reads as a `Request` does but is not one to the platform: `new Request(request)`
   * and `request instanceof Request` fail. Saves a twentieth of a millisecond a request. Default false.
   */
  readonly lightRequests?: boolean;
  /** 0: any free one. */
  readonly port: number;
  /** Names (with any port) or `name:port` that Host and Origin must be: 421 and 403 otherwise. Default: any. */
  readonly allowedHosts?: readonly string[];
  /** Default 3 MiB; larger bodies are 413. */
  readonly maxBodyBytes?: number;
  readonly limits?: Partial<HttpLimits>;
  readonly log?: Log;
}

/** A server that accepts connections. */
export interface Listener {
  readonly port: number;
  /** `http://` or `https://`, address and port, no slash at the end. */
  readonly url: string;
  /** New handshakes take this certificate; nobody is cut off. Without effect on a plain server. */
  setSecureContext(tls: TlsOptions): void;
  /** Accepts no more; requests in flight have `graceMs` to end, then they are cut. */
  close(graceMs: number): Promise<void>;
}

/**
 * Serves a `(Request) => Promise<Response>` over HTTP/1.1, or HTTPS. The handler is called with the whole body at hand, so a slow sender
 * never occupies it. What it throws becomes a 500 with a JSON body and a log line. Rejects with `ListenError`.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const log = options.log ?? silentLog;
  const allowed = options.allowedHosts && new Set(options.allowedHosts.map((host) => host.toLowerCase()));
  const answer = getRequestListener(
    async (light, { incoming, outgoing }) => {
      const request = options.lightRequests === true ? light : await ownRequest(light);
      // A platform request follows its signal through a weak reference: it must live for as long as the client may still hang up.
      const live = new Set([request]);
      outgoing.once('close', () => live.clear());
      const response = await settle(options.handler, request, log);
      await writeResponse(response, outgoing as never, incoming.method === 'HEAD').catch((error: unknown) => {
        log.warn('response was cut', { error: messageOf(error), path: pathOf(incoming.url) });
      });
      return RESPONSE_ALREADY_SENT;
    },
    {
      overrideGlobalObjects: false,
      errorHandler: () => Response.json({ message: 'the request is not a valid HTTP request' }, { status: 400 }),
    },
  );
  const server = new HttpServer({
    tls: options.tls,
    limits: { ...options.limits, ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }) },
    log,
    onRequest: (incoming, outgoing) => {
      const refusal = refusalOf(incoming, server.limits, allowed);
      if (refusal) {
        refuse(outgoing, refusal);
        return;
      }
      if (incoming.headers['content-length'] === undefined && incoming.headers['transfer-encoding'] === undefined) {
        void answer(incoming, outgoing);
        return;
      }
      readBody(incoming, server.limits.maxBodyBytes).then(
        (body) => {
          if (body === undefined) refuse(outgoing, { status: 413, message: `the body is larger than ${server.limits.maxBodyBytes} bytes` });
          else void answer(Object.assign(incoming, { rawBody: body }), outgoing);
        },
        (error: unknown) => log.debug('request ended early', { error: messageOf(error) }),
      );
    },
  });
  const address = options.address ?? '127.0.0.1';
  const port = await server.start(address, options.port);
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    port,
    url: `${server.secure ? 'https' : 'http'}://${host}:${port}`,
    setSecureContext: (tls) => server.setSecureContext(tls),
    close: (graceMs) => server.close(graceMs),
  };
}

/** The adapter's request is not a platform `Request` to the platform itself (`new Request(request)` fails): make one that is. */
async function ownRequest(light: Request): Promise<Request> {
  const hasBody = light.method !== 'GET' && light.method !== 'HEAD';
  const body = hasBody ? await light.arrayBuffer() : undefined;
  return new Request(light.url, {
    method: light.method,
    headers: light.headers,
    signal: light.signal,
    ...(body !== undefined && body.byteLength > 0 ? { body } : {}),
  });
}

async function settle(handler: ListenOptions['handler'], request: Request, log: Log): Promise<Response> {
  try {
    return await handler(request);
  } catch (error) {
    if (!request.signal.aborted)
      log.error('request failed', { error: messageOf(error), method: request.method, path: pathOf(request.url) });
    return Response.json({ message: 'internal error' }, { status: 500 });
  }
}

/** Without the query, which may carry a credential. */
function pathOf(url: string | undefined): string {
  return (url ?? '').replace(/^https?:\/\/[^/]*/, '').replace(/[?#].*$/, '');
}
