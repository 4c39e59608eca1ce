import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AwsChunked, chunkSignaturesMatch, decodeAwsChunked } from './aws-chunked.ts';

const body = (text: string) => Buffer.from(text, 'latin1');

function decoded(text: string): AwsChunked {
  const result = decodeAwsChunked(body(text));
  if (!result.ok) throw new Error(result.message);
  return result.chunked;
}

describe('decodeAwsChunked', () => {
  it('joins chunks and reads trailers', () => {
    const { chunks, trailers } = decoded('5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n');
    expect(chunks.map(({ data }) => Buffer.from(data).toString())).toEqual(['hello', ' world', '']);
    expect(trailers).toEqual([['x-amz-checksum-crc32', 'DUoRhQ==']]);
  });

  it.each([
    ['5\r\nhell', 'a chunk is shorter than its size'],
    ['3\r\nhello\r\n0\r\n\r\n', 'a chunk is longer than its size'],
    ['hello', 'a chunk has no size'],
    ['-1\r\n\r\n', 'a chunk has no size'],
    ['', 'a chunk has no size'],
    ['0\r\nnothing\r\n\r\n', 'a trailer has no name'],
    ['0\r\n\r\nmore', 'bytes follow the last trailer'],
  ])('refuses %j: %s', (text, message) => {
    expect(decodeAwsChunked(body(text))).toEqual({ ok: false, message });
  });

  it('reads back what is framed, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }), (parts) => {
        const framed = Buffer.concat([
          ...parts.flatMap((part) => [body(`${part.length.toString(16)}\r\n`), part, body('\r\n')]),
          body('0\r\n\r\n'),
        ]);
        const result = decodeAwsChunked(framed);
        expect(result.ok && Buffer.concat(result.chunked.chunks.map(({ data }) => data))).toEqual(Buffer.concat(parts));
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodeAwsChunked(bytes)));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('0', '5', 'a', '\r\n', ';', ':', 'chunk-signature=') }),
        (text) => void decodeAwsChunked(body(text)),
      ),
    );
  });
});

describe('chunkSignaturesMatch', () => {
  // The example of the S3 API reference, "Example: Signature calculation for a multi-chunk upload".
  const authorization = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    date: '20130524',
    region: 'us-east-1',
    service: 's3',
    signedHeaders: [],
    signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  };
  const signer = { authorization, secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', dated: '20130524T000000Z' };
  const data = (length: number) => Buffer.alloc(length, 'a');
  const example = {
    chunks: [
      { data: data(65_536), signature: 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648' },
      { data: data(1024), signature: '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497' },
      { data: data(0), signature: 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9' },
    ],
    trailers: [],
  } satisfies AwsChunked;

  it('accepts the example of the S3 reference', () => {
    expect(chunkSignaturesMatch(example, signer)).toBe(true);
  });

  it.each([0, 1, 2])('notices a change in chunk %d', (index) => {
    const chunks = example.chunks.map((chunk, at) =>
      at === index ? { ...chunk, data: Buffer.concat([chunk.data, Buffer.from('x')]) } : chunk,
    );
    expect(chunkSignaturesMatch({ ...example, chunks }, signer)).toBe(false);
  });

  it('notices chunks that changed places, and one that is not signed', () => {
    const [first, second, last] = example.chunks;
    expect(chunkSignaturesMatch({ ...example, chunks: [second!, first!, last!] }, signer)).toBe(false);
    expect(chunkSignaturesMatch({ ...example, chunks: [{ ...first!, signature: undefined }, second!, last!] }, signer)).toBe(false);
  });

  it('wants trailers signed', () => {
    const trailer = ['x-amz-checksum-crc32', 'DUoRhQ=='] as const;
    expect(chunkSignaturesMatch({ ...example, trailers: [trailer] }, signer)).toBe(false);
    const key = ['20130524', 'us-east-1', 's3', 'aws4_request'].reduce<string | Buffer>(
      (before, part) => createHmac('sha256', before).update(part).digest(),
      `AWS4${signer.secret}`,
    );
    const hash = createHash('sha256').update('x-amz-checksum-crc32:DUoRhQ==\n').digest('hex');
    const text = ['AWS4-HMAC-SHA256-TRAILER', signer.dated, '20130524/us-east-1/s3/aws4_request', example.chunks[2]!.signature, hash].join(
      '\n',
    );
    const signature = createHmac('sha256', key).update(text).digest('hex');
    expect(chunkSignaturesMatch({ ...example, trailers: [trailer, ['x-amz-trailer-signature', signature]] }, signer)).toBe(true);
  });
});
