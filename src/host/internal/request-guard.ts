import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpLimits } from '../http-limits.ts';

/** Why a request is refused before any handler sees it. */
export interface Refusal {
  readonly status: 400 | 403 | 413 | 421 | 431 | 505;
  readonly message: string;
}

/**
 * What Node's parser lets through and a server that trusts `Host` must not: two Host headers, an absolute-form target, another
 * HTTP version, surplus headers, a declared length above the limit. `allowedHosts`: names (any port) or `name:port` pairs that `Host`
 * and, where a browser sends one, `Origin` must be (DNS rebinding and cross-site requests against loopback servers).
 */
export function refusalOf(incoming: IncomingMessage, limits: HttpLimits, allowedHosts?: ReadonlySet<string>): Refusal | undefined {
  if (incoming.httpVersionMajor !== 1) return { status: 505, message: 'only HTTP/1.1 is spoken here' };
  const { rawHeaders } = incoming;
  if (rawHeaders.length / 2 > limits.maxHeaders) return { status: 431, message: `more than ${limits.maxHeaders} headers` };
  let hosts = 0;
  let declared = 0;
  // The raw list, since Node makes an object of it only for who asks. Of two unequal lengths its parser has refused one already.
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
    else if (name.length === 14 && name.toLowerCase() === 'content-length') declared = Number(rawHeaders[index + 1]);
  }
  if (hosts > 1) return { status: 400, message: 'more than one Host header' };
  if (!incoming.url?.startsWith('/')) return { status: 400, message: 'the request target must be a path' };
  if (declared > limits.maxBodyBytes) {
    return { status: 413, message: `the body is larger than ${limits.maxBodyBytes} bytes` };
  }
  if (allowedHosts === undefined) return undefined;
  if (!isAllowed(incoming.headers.host ?? '', allowedHosts)) return { status: 421, message: 'this server does not answer for that host' };
  const { origin } = incoming.headers;
  if (origin !== undefined && !isAllowed(hostOfOrigin(origin), allowedHosts))
    return { status: 403, message: 'requests from that origin are not served' };
  return undefined;
}

function isAllowed(host: string, allowed: ReadonlySet<string>): boolean {
  const whole = host.toLowerCase();
  return whole !== '' && (allowed.has(whole) || allowed.has(whole.replace(/:\d+$/, '')));
}

function hostOfOrigin(origin: string): string {
  return /^https?:\/\/([^/@]+)$/i.exec(origin)?.[1] ?? '';
}

/** Answers without a handler and hangs up, since the rest of the request is unread. */
export function refuse(outgoing: ServerResponse, refusal: Refusal): void {
  const body = Buffer.from(JSON.stringify({ message: refusal.message }));
  outgoing.shouldKeepAlive = false;
  outgoing.writeHead(refusal.status, { 'content-type': 'application/json', 'content-length': body.length });
  outgoing.end(body);
}

/** Reads the whole body; `undefined` when it grows beyond `maxBytes`. Rejects when the client goes away. */
export function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        incoming.removeAllListeners('data');
        incoming.pause();
        resolve(undefined);
        return;
      }
      chunks.push(chunk);
    });
    incoming.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length)));
    incoming.on('error', reject);
    incoming.on('close', () => {
      if (!incoming.complete) reject(new Error('the client went away inside its request'));
    });
  });
}
