import http from 'node:http';
import https from 'node:https';
import { toWebBody } from './internal/web-body.ts';

/** What a client of ours needs of `fetch`. Rejects with the signal's reason when aborted, else with the socket's error. */
export type Fetch = (request: Request) => Promise<Response>;

export interface HttpsFetchOptions {
  /** PEM of the authorities to trust instead of the public ones. */
  readonly ca?: string;
  /** Client certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** The name the server's certificate must carry, where it is not the URL's. */
  readonly servername?: string;
  /** Default true. False only where a kubeconfig asks for it. */
  readonly rejectUnauthorized?: boolean;
  /** Connections to one server. Default unlimited: a watch occupies one for minutes. */
  readonly maxSockets?: number;
  /** Keep connections for the next request. Default true. */
  readonly keepAlive?: boolean;
  /** Milliseconds for TCP and TLS to be up. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Go through this HTTP proxy (`http://host:port`); loads undici. */
  readonly proxy?: string;
}

/** A `fetch` with its own connections. */
export interface HttpsFetch {
  (request: Request): Promise<Response>;
  /** Gives up idle connections; requests under way end on their own. */
  close(): void;
}

/**
 * A `fetch` over `node:https` and `node:http` agents: connections are kept and reused, answers are streamed, redirects are not
 * followed, nothing is decompressed. Request bodies are sent whole, with their length.
 */
export function httpsFetch(options: HttpsFetchOptions = {}): HttpsFetch {
  if (options.proxy !== undefined) return proxied(options, options.proxy);
  const keep = {
    keepAlive: options.keepAlive ?? true,
    maxSockets: options.maxSockets ?? Number.POSITIVE_INFINITY,
    scheduling: 'lifo' as const,
  };
  const secure = new https.Agent({
    ...keep,
    ALPNProtocols: ['http/1.1'],
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  });
  const plain = new http.Agent(keep);
  const connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
  const send = async (request: Request): Promise<Response> => {
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    try {
      return await exchange(request, body, { secure, plain, connectTimeoutMs });
    } catch (error) {
      // The server closed a kept connection just as we took it: nothing was processed, so one new connection may try.
      if (error instanceof StaleConnection) return exchange(request, body, { secure, plain, connectTimeoutMs });
      throw error;
    }
  };
  return Object.assign(send, {
    close: () => {
      secure.destroy();
      plain.destroy();
    },
  });
}

class StaleConnection extends Error {}

interface Wires {
  readonly secure: https.Agent;
  readonly plain: http.Agent;
  readonly connectTimeoutMs: number;
}

function exchange(request: Request, body: Buffer | undefined, wires: Wires): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const url = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    if (body !== undefined) headers['content-length'] = String(body.length);
    const outgoing =
      url.protocol === 'https:'
        ? https.request(url, { method: request.method, headers, agent: wires.secure })
        : http.request(url, { method: request.method, headers, agent: wires.plain });
    const onAbort = (): void => {
      outgoing.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const settled = (): void => signal.removeEventListener('abort', onAbort);
    const slow = setTimeout(
      () => outgoing.destroy(new Error(`no connection to ${url.host} within ${wires.connectTimeoutMs} ms`)),
      wires.connectTimeoutMs,
    );
    outgoing.on('socket', (socket) => {
      const up = (): void => clearTimeout(slow);
      if (!socket.connecting) up();
      else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', up);
    });
    outgoing.on('response', (incoming) => {
      clearTimeout(slow);
      incoming.on('close', settled);
      try {
        resolve(responseOf(incoming, request.method, signal));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(slow);
      settled();
      if (signal.aborted) reject(signal.reason);
      else if (outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE') && isRepeatable(request)) {
        reject(new StaleConnection(error.message, { cause: error }));
      } else reject(error);
    });
    outgoing.end(body);
  });
}

/** A write whose connection broke may have been carried out: only reads are sent again. */
function isRepeatable(request: Request): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

function responseOf(incoming: http.IncomingMessage, method: string, signal: AbortSignal): Response {
  const headers = new Headers();
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2)
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '');
  const status = incoming.statusCode ?? 0;
  const empty = method === 'HEAD' || status === 204 || status === 205 || status === 304;
  if (empty) incoming.resume();
  return new Response(empty ? null : toWebBody(incoming, signal), { status, statusText: incoming.statusMessage ?? '', headers });
}

function proxied(options: HttpsFetchOptions, proxy: string): HttpsFetch {
  let loaded: Promise<HttpsFetch> | undefined;
  const send = async (request: Request): Promise<Response> => {
    loaded ??= import('./proxy-fetch.ts').then((module) => module.proxyFetch(options, proxy));
    return (await loaded)(request);
  };
  return Object.assign(send, {
    close: () => {
      void loaded?.then((fetch) => fetch.close());
    },
  });
}
