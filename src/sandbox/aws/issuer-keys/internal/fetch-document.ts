import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect, type SecureContext } from 'node:tls';
import type { Clock } from '../../../../base/clock.ts';
import { messageOf } from '../../../../base/errors.ts';
import { failure, type IssuerKeysFailure } from './failure.ts';

/** Where the listener behind a host name is. */
export interface Address {
  /** An IP address; names are not resolved. */
  readonly address: string;
  readonly port: number;
}

export interface FetchDocumentOptions {
  readonly to: Address;
  /** Holds the only authorities believed. */
  readonly secureContext: SecureContext;
  readonly clock: Clock;
  /** Milliseconds from the first byte sent to the last byte read. */
  readonly timeoutMs: number;
  /** Bytes of the largest body that is read. */
  readonly maxBytes: number;
}

export type FetchedDocument = { readonly ok: true; readonly text: string; readonly cacheControl: string | undefined } | IssuerKeysFailure;

const HEADERS = {
  accept: 'application/json, application/jwk-set+json;q=0.9, */*;q=0.5',
  'accept-encoding': 'identity',
  'user-agent': 'podrole-sandbox',
};

/**
 * GETs one document over HTTPS from the mapped address, with the URL's host as server name and in the Host header. Only a plain 200 counts:
 * a redirect is not followed, a compressed body is not unpacked, and nothing is read beyond the limits of size and time. The connection is
 * not kept.
 */
export function fetchDocument(url: URL, options: FetchDocumentOptions): Promise<FetchedDocument> {
  const { to, secureContext, clock, timeoutMs, maxBytes } = options;
  return new Promise((resolve) => {
    const outgoing = request({
      createConnection: () => connect({ host: to.address, port: to.port, servername: url.hostname, secureContext }),
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: { host: url.host, ...HEADERS },
    });
    const timer = clock.after(timeoutMs, () => finish(failure('timeout', `${url.href} was not read within ${timeoutMs} ms`)));
    // The first outcome counts; what the torn-down connection says afterwards does not.
    const finish = (result: FetchedDocument): void => {
      timer.cancel();
      resolve(result);
      outgoing.destroy();
    };
    outgoing.on('error', (error) => finish(connectionFailure(url, error)));
    outgoing.on('response', (incoming) => {
      const refusal = judgeHead(url, incoming, maxBytes);
      if (refusal === undefined) readBody(url, incoming, maxBytes).then(finish);
      else finish(refusal);
    });
    outgoing.end();
  });
}

function judgeHead(url: URL, incoming: IncomingMessage, maxBytes: number): IssuerKeysFailure | undefined {
  const status = incoming.statusCode ?? 0;
  if (status >= 300 && status < 400) return failure('redirect-refused', `${url.href} answered ${status}; redirects are not followed`);
  if (status !== 200) return failure('status-unexpected', `${url.href} answered ${status} instead of 200`);
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return failure('encoding-refused', `${url.href} is encoded, though only identity was asked for; serve it as it is`);
  }
  return Number(incoming.headers['content-length'] ?? 0) > maxBytes ? tooLarge(url, maxBytes) : undefined;
}

function readBody(url: URL, incoming: IncomingMessage, maxBytes: number): Promise<FetchedDocument> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) resolve(tooLarge(url, maxBytes));
      else chunks.push(chunk);
    });
    incoming.on('error', (error) => resolve(connectionFailure(url, error)));
    incoming.on('end', () => resolve(decode(url, Buffer.concat(chunks), incoming.headers['cache-control'])));
  });
}

function decode(url: URL, body: Buffer, cacheControl: string | undefined): FetchedDocument {
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(body), cacheControl };
  } catch {
    return failure('document-not-utf8', `${url.href} is not UTF-8 text`);
  }
}

function tooLarge(url: URL, maxBytes: number): IssuerKeysFailure {
  return failure('document-too-large', `${url.href} has more than ${maxBytes} bytes`);
}

/** Codes of Node's TLS layer that speak of the certificate or of the handshake. */
const CERTIFICATE = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO)/;

function connectionFailure(url: URL, error: Error & { readonly code?: string }): IssuerKeysFailure {
  return CERTIFICATE.test(error.code ?? '')
    ? failure('certificate-refused', `${url.host} did not prove its name to the issuer's authority: ${messageOf(error)}`)
    : failure('connection-failed', `${url.href} could not be read: ${messageOf(error)}`);
}
