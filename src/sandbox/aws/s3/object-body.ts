import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../errors.ts';
import type { HttpCall } from '../http-call.ts';

/** The chunked framing that SDKs put around an upload whose checksum comes last, taken off. */
interface Unframed {
  readonly body: Uint8Array;
  /** Lower-case names. */
  readonly trailers: ReadonlyMap<string, string>;
}

function malformed(why: string): AwsError {
  return new AwsError('IncompleteBody', 400, 'The request body terminated unexpectedly', { reason: 'request-invalid', why });
}

/** Decodes `aws-chunked` (S3: "Signature calculations for trailing headers"): sizes in hex, extensions after `;`, trailers at the end. */
export function decodeAwsChunked(framed: Uint8Array): Unframed {
  const bytes = Buffer.from(framed.buffer, framed.byteOffset, framed.byteLength);
  const parts: Buffer[] = [];
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0 || end - at > 4096) throw malformed('a line of the chunked body has no end');
    const text = bytes.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  for (;;) {
    const size = line().split(';', 1)[0] ?? '';
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) throw malformed('a chunk has no size');
    const length = Number.parseInt(size, 16);
    if (length === 0) break;
    if (at + length + 2 > bytes.length) throw malformed('a chunk is shorter than its size');
    parts.push(bytes.subarray(at, at + length));
    at += length;
    if (line() !== '') throw malformed('a chunk is longer than its size');
  }
  const trailers = new Map<string, string>();
  while (at < bytes.length) {
    const text = line();
    if (text === '') break;
    const colon = text.indexOf(':');
    if (colon < 0) throw malformed('a trailer has no name');
    trailers.set(text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim());
  }
  return { body: Buffer.concat(parts), trailers };
}

/** Checksums that are checked when a client sends them; others are taken on trust. */
const CHECKSUMS: Readonly<Record<string, (body: Uint8Array) => string>> = {
  'x-amz-checksum-crc32': (body) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return sum.toString('base64');
  },
  'x-amz-checksum-sha1': (body) => createHash('sha1').update(body).digest('base64'),
  'x-amz-checksum-sha256': (body) => createHash('sha256').update(body).digest('base64'),
  'content-md5': (body) => createHash('md5').update(body).digest('base64'),
};

/** The object's bytes: framing taken off, length and checksums checked (`IncompleteBody`, `BadDigest`). */
export function objectBody(http: HttpCall): Uint8Array {
  const framed = (http.header('x-amz-content-sha256') ?? '').startsWith('STREAMING-');
  const { body, trailers } = framed ? decodeAwsChunked(http.body) : { body: http.body, trailers: new Map<string, string>() };
  const decoded = http.header('x-amz-decoded-content-length');
  if (framed && decoded !== undefined && Number(decoded) !== body.length) throw malformed('the decoded length is not the declared one');
  for (const [name, sum] of Object.entries(CHECKSUMS)) {
    const given = trailers.get(name) ?? http.header(name);
    if (given !== undefined && given !== sum(body))
      throw new AwsError('BadDigest', 400, 'The digest you specified did not match the calculated checksum.');
  }
  return body;
}
