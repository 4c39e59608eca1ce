import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { BlockList, isIPv6 } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { FetchDocument, Fetched } from '../../issuer/fetch-port.ts';
import { ISSUER_DOCUMENT_MAX_BYTES } from '../../oidc/key-set.ts';

export interface FetchDocumentOptions {
  /** PEM of the authorities to trust in place of the public ones. */
  readonly ca?: string | undefined;
  /** Where a host listens, in place of DNS and port 443. */
  readonly resolve: ReadonlyMap<string, { readonly address: string; readonly port: number }>;
  /** Default 5,000: what AWS allows. */
  readonly timeoutMs?: number;
}

type Failure = Extract<Fetched, { readonly ok: false }>;

/** Fetches documents as AWS does: HTTPS, five seconds in all, one connection each, nothing followed and nothing unpacked. */
export function documentFetcher({ ca, resolve, timeoutMs = 5_000 }: FetchDocumentOptions): FetchDocument {
  return (text, signal) =>
    new Promise((settle, reject) => {
      const url = new URL(text);
      const at = resolve.get(url.hostname);
      const started = performance.now();
      const outgoing = request({
        host: at?.address ?? url.hostname,
        port: at?.port ?? (url.port || 443),
        servername: url.hostname,
        path: `${url.pathname}${url.search}`,
        headers: { host: url.host, accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'podrole' },
        agent: false,
        signal,
        ...(ca === undefined ? {} : { ca }),
      });
      const finish = (result: Fetched): void => {
        clearTimeout(timer);
        settle(result);
        outgoing.destroy();
      };
      const timer = setTimeout(
        () => finish({ ok: false, reason: 'timeout', message: `it was not read within ${timeoutMs} ms` }),
        timeoutMs,
      );
      outgoing.on('error', (error) => {
        clearTimeout(timer);
        if (signal.aborted) reject(signal.reason);
        else settle(connectionFailure(error));
      });
      outgoing.on('response', (incoming) => {
        // Asked now: when the body has been read the socket may have forgotten it.
        const address = at === undefined ? incoming.socket.remoteAddress : undefined;
        void readBody(incoming).then((body) => finish(answerOf(incoming, body, performance.now() - started, address)));
      });
      outgoing.end();
    });
}

/** The body; `undefined` when it is too large. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined | Error> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > ISSUER_DOCUMENT_MAX_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch (error) {
    return error as Error;
  }
  return Buffer.concat(chunks);
}

function answerOf(incoming: IncomingMessage, body: Buffer | undefined | Error, ms: number, address: string | undefined): Fetched {
  if (body === undefined)
    return { ok: false, reason: 'document-too-large', message: `it has more than ${ISSUER_DOCUMENT_MAX_BYTES} bytes` };
  if (body instanceof Error) return connectionFailure(body);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    const isPrivate = address !== undefined && PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    return { ok: true, status: incoming.statusCode ?? 0, headers, text, ms, ...(isPrivate ? { privateAddress: address } : {}) };
  } catch {
    return { ok: false, reason: 'document-not-utf8', message: 'it is not UTF-8 text' };
  }
}

/** RFC 1918, 4193, 6598; loopback and link-local. */
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
  ['::1', 128],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv6');

/** Codes of Node's TLS layer that speak of the certificate or of the handshake. */
const CERTIFICATE = /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO)/;

function connectionFailure(error: Error & { readonly code?: string }): Failure {
  const code = error.code ?? '';
  const message = messageOf(error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return { ok: false, reason: 'host-unknown', message: `its host has no address: ${message}` };
  if (CERTIFICATE.test(code)) return { ok: false, reason: 'certificate-refused', message: `the host did not prove its name: ${message}` };
  return { ok: false, reason: 'connection-failed', message: `it could not be read: ${message}` };
}
