import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { verifyToken } from '../../../oidc/verify-token.ts';
import { signatureCheck } from './signature-check.ts';

const now = new Date('2026-01-01T00:00:00Z');
const seconds = now.getTime() / 1000;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;
const ecKeys = Object.fromEntries(Object.entries(CURVES).map(([alg, namedCurve]) => [alg, generateKeyPairSync('ec', { namedCurve })]));
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

const pairOf = (alg: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } => (alg.startsWith('RS') ? rsa : ecKeys[alg]!);
const jwkOf = (alg: Algorithm): JsonObject => ({ ...pairOf(alg).publicKey.export({ format: 'jwk' }), kid: 'k' }) as JsonObject;

function token(alg: Algorithm, spoil: (signature: Buffer) => Buffer = (signature) => signature): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://i.test', sub: 's', aud: 'a', iat: seconds, exp: seconds + 600 };
  const data = `${part({ alg, kid: 'k' })}.${part(claims)}`;
  const signature = sign(`sha${alg.slice(2)}`, Buffer.from(data), { key: pairOf(alg).privateKey, dsaEncoding: 'ieee-p1363' });
  return `${data}.${spoil(signature).toString('base64url')}`;
}

/** What both ways of checking a signature say of a token. */
async function both(text: string, jwk: JsonObject): Promise<readonly string[]> {
  const options = { issuer: 'https://i.test', clientIds: ['a'], jwks: { keys: [jwk] }, now } as const;
  const verdicts = await Promise.all([verifyToken(text, options as never), verifyToken(text, { ...options, signatureCheck } as never)]);
  return verdicts.map((verdict) => (verdict.ok ? 'ok' : verdict.reason));
}

describe('a signature checked at once', () => {
  it.each(ALGORITHMS)('holds for %s as it does for WebCrypto', async (alg) => {
    expect(await both(token(alg), jwkOf(alg))).toEqual(['ok', 'ok']);
  });

  it.each(ALGORITHMS)('does not hold for %s when a bit of it is turned, a byte is missing or one is added', async (alg) => {
    const spoils = [
      (signature: Buffer) => Buffer.concat([Buffer.from([(signature[0] ?? 0) ^ 1]), signature.subarray(1)]),
      (signature: Buffer) => signature.subarray(1),
      (signature: Buffer) => Buffer.concat([Buffer.from([0]), signature]),
      (signature: Buffer) => Buffer.alloc(signature.length),
      () => Buffer.alloc(0),
    ];
    for (const spoil of spoils) expect(await both(token(alg, spoil), jwkOf(alg))).toEqual(['signature-invalid', 'signature-invalid']);
  });

  it('knows a point that is not on its curve for an unusable key', async () => {
    const jwk = { ...jwkOf('ES256'), y: Buffer.alloc(32, 1).toString('base64url') };
    expect(await both(token('ES256'), jwk)).toEqual(['key-unusable', 'key-unusable']);
  });

  it('says the same as WebCrypto of any signature whatever', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ALGORITHMS), fc.uint8Array({ maxLength: 300 }), async (alg, bytes) => {
        const [webCrypto, own] = await both(
          token(alg, () => Buffer.from(bytes)),
          jwkOf(alg),
        );
        expect(own).toBe(webCrypto);
      }),
      { numRuns: 60 },
    );
  });
});
