import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { HttpCall } from '../http-call.ts';
import type { Authorization } from './authorization-header.ts';

/** SHA-256 or HMAC-SHA-256 as the signing library wants it, on node's own implementation. */
class Sha256 {
  readonly #secret: Uint8Array | undefined;
  #state: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? undefined : bytes(secret);
    this.#state = this.#fresh();
  }

  #fresh(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#state.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#state.digest();
  }

  reset(): void {
    this.#state = this.#fresh();
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}

function queryOf(search: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const pair of search.replace(/^\?/, '').split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeURIComponent(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decodeURIComponent(pair.slice(equals + 1));
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  return query;
}

/**
 * Whether the request's signature is the one that `secret` makes over exactly the headers it lists. Signs the request
 * again with the SDK's own signer and compares in constant time. S3 signs its path as sent, all others normalised and
 * encoded once more.
 */
export async function signatureMatches(
  http: HttpCall,
  authorization: Authorization,
  options: { readonly secret: string; readonly signedAt: number },
): Promise<boolean> {
  const headers: Record<string, string> = {};
  for (const name of authorization.signedHeaders) {
    const value = http.header(name);
    if (value === undefined) return false;
    headers[name] = value;
  }
  let query: Record<string, string | string[]>;
  try {
    query = queryOf(http.url.search);
  } catch {
    // Percent sequences that do not decode cannot have been signed by any SigV4 client.
    return false;
  }
  const signer = new SignatureV4({
    service: authorization.service,
    region: authorization.region,
    credentials: { accessKeyId: authorization.accessKeyId, secretAccessKey: options.secret },
    sha256: Sha256,
    uriEscapePath: authorization.service !== 's3',
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method: http.method,
      protocol: http.url.protocol,
      hostname: http.url.hostname,
      path: http.url.pathname,
      query,
      headers,
      body: http.body,
    },
    { signingDate: new Date(options.signedAt), signableHeaders: new Set(authorization.signedHeaders) },
  );
  const expected = /Signature=([0-9a-f]{64})/.exec(signed.headers.authorization ?? '')?.[1];
  return expected !== undefined && timingSafeEqual(Buffer.from(expected), Buffer.from(authorization.signature));
}

/** Lower-case hex of the SHA-256 of `data`. */
export function sha256Hex(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
