import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Authorization } from './authorization-header.ts';
import { sha256Hex } from './signature.ts';

/** One chunk of an upload; the last one is empty. */
interface Chunk {
  readonly data: Uint8Array;
  /** Its `chunk-signature`, where chunks are signed. */
  readonly signature: string | undefined;
}

/** The `aws-chunked` framing that SDKs put around an upload whose checksum comes last. */
export interface AwsChunked {
  readonly chunks: readonly Chunk[];
  /** In the order sent; lower-case names. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

export type AwsChunkedResult = { readonly ok: true; readonly chunked: AwsChunked } | { readonly ok: false; readonly message: string };

/** Longest line of framing that is read. */
const LINE_LIMIT = 4096;

/** Reads lines and runs of bytes from a body; `undefined` where the body is at odds with them. */
class FrameReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  line(): string | undefined {
    const end = this.#bytes.indexOf('\r\n', this.#at);
    if (end < 0 || end - this.#at > LINE_LIMIT) return undefined;
    const text = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end + 2;
    return text;
  }

  run(length: number): Uint8Array | undefined {
    const start = this.#at;
    if (start + length > this.#bytes.length) return undefined;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }
}

function refused(message: string): AwsChunkedResult {
  return { ok: false, message };
}

/** Takes the framing off (S3: "Signature calculations for the authorization header: transferring payload in multiple chunks"): sizes in hex, extensions after `;`, trailers at the end. */
export function decodeAwsChunked(body: Uint8Array): AwsChunkedResult {
  const reader = new FrameReader(body);
  const chunks: Chunk[] = [];
  for (;;) {
    const header = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(reader.line() ?? '');
    if (header === null) return refused('a chunk has no size');
    const data = reader.run(Number.parseInt(header[1] ?? '', 16));
    if (data === undefined) return refused('a chunk is shorter than its size');
    chunks.push({ data, signature: header[2] });
    if (data.length === 0) break;
    if (reader.line() !== '') return refused('a chunk is longer than its size');
  }
  const trailers: [string, string][] = [];
  while (!reader.done) {
    const line = reader.line();
    if (line === undefined) return refused('a trailer has no end');
    if (line === '') break;
    const colon = line.indexOf(':');
    if (colon < 0) return refused('a trailer has no name');
    trailers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return reader.done ? { ok: true, chunked: { chunks, trailers } } : refused('bytes follow the last trailer');
}

/** What chunk signatures are computed with. */
export interface ChunkSigner {
  readonly authorization: Authorization;
  readonly secret: string;
  /** `X-Amz-Date` as sent. */
  readonly dated: string;
}

const EMPTY_HASH = sha256Hex(new Uint8Array());

/**
 * Whether every chunk carries the signature that follows from the one before it, the first from the request's own, and
 * the trailers theirs.
 */
export function chunkSignaturesMatch({ chunks, trailers }: AwsChunked, { authorization, secret, dated }: ChunkSigner): boolean {
  const { date, region, service } = authorization;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secretSoFar, part) => createHmac('sha256', secretSoFar).update(part).digest(),
    `AWS4${secret}`,
  );
  const sign = (algorithm: string, before: string, hashes: readonly string[]): string =>
    createHmac('sha256', key)
      .update([algorithm, dated, scope, before, ...hashes].join('\n'))
      .digest('hex');
  let before = authorization.signature;
  for (const { data, signature } of chunks) {
    const expected = sign('AWS4-HMAC-SHA256-PAYLOAD', before, [EMPTY_HASH, sha256Hex(data)]);
    if (!same(signature, expected)) return false;
    before = expected;
  }
  const signed = trailers.filter(([name]) => name !== TRAILER_SIGNATURE);
  if (signed.length === 0) return true;
  const canonical = signed.map(([name, value]) => `${name}:${value}\n`).join('');
  return same(
    trailers.find(([name]) => name === TRAILER_SIGNATURE)?.[1],
    sign('AWS4-HMAC-SHA256-TRAILER', before, [sha256Hex(Buffer.from(canonical))]),
  );
}

const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

function same(given: string | undefined, expected: string): boolean {
  return given !== undefined && given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}
