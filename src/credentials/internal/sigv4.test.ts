import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { signPost } from './sigv4.ts';

/** Node's own hashes behind the interface that the SDK's signer wants. */
class Sha256 {
  readonly #key: string | Buffer | undefined;
  #data: Buffer[] = [];
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#key = key === undefined ? undefined : bytes(key);
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#data.push(bytes(data));
  }
  async digest(): Promise<Uint8Array> {
    const data = Buffer.concat(this.#data);
    return this.#key === undefined ? createHash('sha256').update(data).digest() : createHmac('sha256', this.#key).update(data).digest();
  }
  reset(): void {
    this.#data = [];
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

it('signs as the SDK’s signer does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        body: fc.string({ unit: 'binary' }),
        region: fc.constantFrom('us-east-1', 'cn-north-1'),
        url: fc.constantFrom('https://sts.us-east-1.amazonaws.com/', 'http://127.0.0.1:4566/', 'http://localhost:8080/'),
        at: fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
        secretAccessKey: fc.string({ minLength: 1 }),
        sessionToken: fc.stringMatching(/^[\w+/=]{1,40}$/),
      }),
      async ({ body, region, url, at, secretAccessKey, sessionToken }) => {
        const keys = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey, sessionToken };
        const contentType = 'application/x-www-form-urlencoded; charset=utf-8';
        const { protocol, hostname, host, pathname } = new URL(url);
        const theirs = await new SignatureV4({ credentials: keys, region, service: 'sts', sha256: Sha256, applyChecksum: false }).sign(
          { method: 'POST', protocol, hostname, path: pathname, headers: { host, 'content-type': contentType }, query: {}, body },
          { signingDate: at },
        );
        const ours = signPost({ url, region, service: 'sts', contentType, body, at }, keys);
        expect(ours.authorization).toBe(theirs.headers.authorization);
        expect(ours['x-amz-date']).toBe(theirs.headers['x-amz-date']);
      },
    ),
    { numRuns: 200 },
  );
});
