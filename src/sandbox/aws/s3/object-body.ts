import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../errors.ts';
import type { HttpCall } from '../http-call.ts';
import { decodeAwsChunked } from '../sigv4/aws-chunked.ts';

function incomplete(why: string): AwsError {
  return new AwsError('IncompleteBody', 400, 'The request body terminated unexpectedly', { reason: 'request-invalid', why });
}

/** Checksums that are checked when a client sends them; CRC32C and CRC64NVME are taken on trust. */
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

interface Unframed {
  readonly body: Uint8Array;
  readonly trailers: ReadonlyMap<string, string>;
}

function unframed(http: HttpCall): Unframed {
  if (!(http.header('x-amz-content-sha256') ?? '').startsWith('STREAMING-')) return { body: http.body, trailers: new Map() };
  const decoded = decodeAwsChunked(http.body);
  if (!decoded.ok) throw incomplete(decoded.message);
  const body = Buffer.concat(decoded.chunked.chunks.map(({ data }) => data));
  const declared = http.header('x-amz-decoded-content-length');
  if (declared !== undefined && Number(declared) !== body.length) throw incomplete('the decoded length is not the declared one');
  return { body, trailers: new Map(decoded.chunked.trailers) };
}

/** The object's bytes: framing taken off, length and checksums checked (`IncompleteBody`, `BadDigest`). */
export function objectBody(http: HttpCall): Uint8Array {
  const { body, trailers } = unframed(http);
  for (const [name, sum] of Object.entries(CHECKSUMS)) {
    const given = trailers.get(name) ?? http.header(name);
    if (given !== undefined && given !== sum(body))
      throw new AwsError('BadDigest', 400, 'The digest you specified did not match the calculated checksum.');
  }
  return body;
}
