import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import { DOUBTS } from './modes.data.ts';
import { signToken } from './sign-token.ts';
import { importSigningKey, type SigningKey } from './signing-key.ts';
import { type TokenVerdict, type VerifyTokenOptions, verifyToken } from './verify-token.ts';

const NOW = new Date('2026-11-24T08:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const ROLE = 'arn:aws:iam::111122223333:role/kf-user-demo';
const TAGS = 'https://aws.amazon.com/tags';
const CLAIMS = {
  aud: ['sts.amazonaws.com'],
  exp: SECONDS + 3600,
  iat: SECONDS,
  iss: 'https://oidc.example.com/id/A1',
  nbf: SECONDS,
  sub: 'system:serviceaccount:user-a:default-editor',
};

describe('verifyToken', () => {
  let key: SigningKey;
  let options: VerifyTokenOptions;

  beforeAll(async () => {
    key = await importSigningKey(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    options = { issuer: CLAIMS.iss, clientIds: ['sts.amazonaws.com'], jwks: { keys: [key.publicJwk] }, now: NOW };
  });

  const sign = (changes: JsonObject = {}): Promise<string> => signToken({ key, claims: { ...CLAIMS, ...changes } });
  const verify = async (changes: JsonObject, more: Partial<VerifyTokenOptions> = {}): Promise<TokenVerdict> =>
    verifyToken(await sign(changes), { ...options, ...more });
  const sessionOf = async (changes: JsonObject, roleArn = ROLE): Promise<unknown> => {
    const verdict = await verify(changes, { roleArn });
    return verdict.ok ? verdict.session : verdict.reason;
  };

  it('accepts a service account token and gives subject, audience and claims', async () => {
    expect(await verify({})).toEqual({
      ok: true,
      subject: 'system:serviceaccount:user-a:default-editor',
      audience: 'sts.amazonaws.com',
      claims: CLAIMS,
      session: { principalTags: {}, transitiveTagKeys: [] },
      warnings: [],
    });
  });

  it('refuses with the answer of STS and with a reason of its own', async () => {
    expect(await verify({ exp: SECONDS - 301, iat: SECONDS - 4000, nbf: SECONDS - 4000 })).toEqual({
      ok: false,
      code: 'ExpiredTokenException',
      status: 400,
      message: `Token expired: current date/time ${SECONDS - 300} must be before the expiration date/time ${SECONDS - 301}`,
      reason: 'token-expired',
    });
  });

  it.each([undefined, null, 1, {}, []])('answers %j, which is no text, as STS answers a missing parameter', async (token) => {
    expect(await verifyToken(token as never, options)).toEqual({
      ok: false,
      code: 'ValidationError',
      status: 400,
      message: "1 validation error detected: Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null",
      reason: 'token-missing',
    });
  });

  it('refuses a token shorter than the service model allows', async () => {
    expect(await verifyToken('..', options)).toMatchObject({ ok: false, code: 'ValidationError', reason: 'token-too-short' });
  });

  it('judges in the order of STS: shape, claims, issuer, key, signature, times, audience, subject, session', async () => {
    const wrong: readonly (readonly [string, JsonObject])[] = [
      ['claim-missing', { iat: undefined }],
      ['issuer-mismatch', { iss: 'https://other.test' }],
      ['token-expired', { exp: 1 }],
      ['audience-unregistered', { aud: 'other' }],
      ['subject-null', { sub: null }],
      ['tags-claim-invalid', { [TAGS]: 1 }],
    ];
    for (const [index, [reason]] of wrong.entries()) {
      const verdict = await verify(Object.assign({}, ...wrong.slice(index).map(([, change]) => change)));
      expect(verdict).toMatchObject({ ok: false, reason });
    }
    const [header, , signature] = (await sign()).split('.');
    const forged = Buffer.from(JSON.stringify({ ...CLAIMS, exp: 1 })).toString('base64url');
    expect(await verifyToken(`${header}.${forged}.${signature}`, options)).toMatchObject({ ok: false, reason: 'signature-invalid' });
  });

  it.each([5, 6, 255, 256])(
    'accepts a subject of %i characters, and warns in strict mode beyond what the service model promises',
    async (length) => {
      const within = length >= 6 && length <= 255;
      const sub = 'x'.repeat(length);
      expect(await verify({ sub })).toMatchObject({ ok: true, subject: sub, warnings: [] });
      const strict = await verify({ sub }, { mode: 'strict' });
      expect(strict.ok && strict.warnings.map(({ code }) => code)).toEqual(within ? [] : ['sub-length']);
    },
  );

  it.each([new Date(Number.NaN), Number.NaN, Number.POSITIVE_INFINITY, undefined, 'now'])(
    'refuses every token when the present is %s',
    async (now) => {
      expect(await verify({}, { now: now as Date })).toMatchObject({ ok: false, reason: 'token-expired' });
    },
  );

  it.each([SECONDS, SECONDS * 1000])('takes the present as a number, %i, to the second', async (now) => {
    const second = now === SECONDS ? 1 : 1000;
    expect(await verify({}, { now: now + 3899 * second })).toMatchObject({ ok: true });
    expect(await verify({}, { now: now + 3900 * second })).toMatchObject({ ok: false, reason: 'token-expired' });
  });

  it('takes the keys as a list as well as a key set', async () => {
    expect(await verify({}, { jwks: [key.publicJwk] })).toMatchObject({ ok: true });
    expect(await verify({}, { jwks: [] })).toMatchObject({ ok: false, reason: 'key-unknown' });
    expect(await verify({}, { jwks: 'keys' as never })).toMatchObject({ ok: false, reason: 'jwks-invalid' });
  });

  it('refuses every token when no client id is registered', async () => {
    expect(await verify({}, { clientIds: [] })).toMatchObject({ ok: false, reason: 'audience-unregistered' });
  });

  it.each([undefined, null, {}, { keys: null }, { keys: 'x' }])('refuses every token when the key set is %j', async (jwks) => {
    expect(await verify({}, { jwks: jwks as never })).toMatchObject({ ok: false, code: 'InvalidIdentityToken', reason: 'jwks-invalid' });
  });

  it('ignores what is no key in a key set', async () => {
    const keys = [null, 1, 'x', [], { kty: 'oct', kid: key.kid, k: 'AAAA' }, key.publicJwk];
    expect(await verify({}, { jwks: { keys: keys as never } })).toMatchObject({ ok: true });
  });

  it('judges the strength of an RSA key by itself, since the library does not', async () => {
    const reasonWith = async (n: Uint8Array, e: Uint8Array): Promise<unknown> => {
      const jwk = { kty: 'RSA', kid: key.kid, n: Buffer.from(n).toString('base64url'), e: Buffer.from(e).toString('base64url') };
      const verdict = await verify({}, { jwks: { keys: [jwk] } });
      return verdict.ok ? 'ok' : verdict.reason;
    };
    const modulus = (length: number, first = 0xff, last = 0xff): Uint8Array => {
      const number = new Uint8Array(length).fill(0xff);
      number[0] = first;
      number[length - 1] = last;
      return number;
    };
    // The token is signed with an elliptic-curve key: an RSA key that is fit gets as far as the mismatch.
    const fit = 'algorithm-mismatch';
    expect(await reasonWith(modulus(256, 0x80), Uint8Array.of(3))).toBe(fit);
    expect(await reasonWith(modulus(257, 0x00), Uint8Array.of(0, 1, 0, 1))).toBe(fit);
    expect(await reasonWith(modulus(256, 0x7f), Uint8Array.of(3))).toBe('key-unusable');
    expect(await reasonWith(modulus(2048), Uint8Array.of(3))).toBe(fit);
    expect(await reasonWith(modulus(2049, 0x01), Uint8Array.of(3))).toBe('key-unusable');
    expect(await reasonWith(modulus(256, 0xff, 0xfe), Uint8Array.of(3))).toBe('key-unusable');
    expect(await reasonWith(modulus(256), modulus(8))).toBe(fit);
    expect(await reasonWith(modulus(256), modulus(9))).toBe('key-unusable');
    expect(await reasonWith(modulus(256), Uint8Array.of(1))).toBe('key-unusable');
    expect(await reasonWith(modulus(256), Uint8Array.of(2))).toBe('key-unusable');
    expect(await reasonWith(modulus(256), Uint8Array.of(0))).toBe('key-unusable');
    expect(await reasonWith(modulus(256), Uint8Array.of())).toBe('key-unusable');
  });

  it.each(['ES384', '', null, 1, [], { toString: 1 }])('lets the token decide when the key set says alg %j', async (alg) => {
    const jwks = { keys: [{ ...key.publicJwk, alg }] };
    expect(await verify({}, { jwks, mode: 'strict' })).toMatchObject({ ok: true, warnings: [{ code: 'alg-differs' }] });
    expect(await verify({}, { jwks, mode: 'aws' })).toMatchObject({ ok: true, warnings: [] });
  });

  it('imports the keys of a set once', async () => {
    let reads = 0;
    const jwk = new Proxy<object>(key.publicJwk, {
      get: (target, name) => {
        if (name === 'x') reads += 1;
        return Reflect.get(target, name);
      },
    });
    const jwks = { keys: [jwk] };
    await verify({}, { jwks });
    const afterFirst = reads;
    expect(afterFirst).toBeGreaterThan(0);
    for (let index = 0; index < 5; index++) expect(await verify({}, { jwks: { keys: jwks.keys } })).toMatchObject({ ok: true });
    expect(reads).toBe(afterFirst);
  });

  describe('claims for the session', () => {
    it('reads nested tags', async () => {
      expect(await sessionOf({ [TAGS]: { principal_tags: { team: ['a'], Cost: [''] }, transitive_tag_keys: ['team'] } })).toEqual({
        principalTags: { team: 'a', Cost: '' },
        transitiveTagKeys: ['team'],
      });
    });

    it('reads flat tags', async () => {
      expect(
        await sessionOf({
          [`${TAGS}/principal_tags/team`]: 'a',
          [`${TAGS}/principal_tags/x/y`]: ['b'],
          [`${TAGS}/transitive_tag_keys`]: 'team',
        }),
      ).toEqual({
        principalTags: { team: 'a', 'x/y': 'b' },
        transitiveTagKeys: ['team'],
      });
    });

    it('takes null for absent', async () => {
      const nothing = { [TAGS]: null, 'https://aws.amazon.com/source_identity': null, 'https://aws.amazon.com/roles': null };
      expect(await sessionOf(nothing)).toEqual({ principalTags: {}, transitiveTagKeys: [] });
      expect(await sessionOf({ [TAGS]: { principal_tags: null, transitive_tag_keys: null } })).toEqual({
        principalTags: {},
        transitiveTagKeys: [],
      });
    });

    it('keeps to the limits of session tags', async () => {
      const many = (count: number): JsonObject => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, ['v']]));
      const refused = 'tags-claim-invalid';
      expect(await sessionOf({ [TAGS]: { principal_tags: many(50) } })).toMatchObject({ principalTags: { k49: 'v' } });
      expect(await sessionOf({ [TAGS]: { principal_tags: many(51) } })).toBe(refused);
      expect(await sessionOf({ [TAGS]: { principal_tags: { ['k'.repeat(128)]: ['v'.repeat(256)] } } })).not.toBe(refused);
      expect(await sessionOf({ [TAGS]: { principal_tags: { ['k'.repeat(129)]: ['v'] } } })).toBe(refused);
      expect(await sessionOf({ [TAGS]: { principal_tags: { k: ['v'.repeat(257)] } } })).toBe(refused);
      expect(await sessionOf({ [TAGS]: { principal_tags: { '': ['v'] } } })).toBe(refused);
      expect(await sessionOf({ [TAGS]: { principal_tags: { team: ['v'], Team: ['v'] } } })).toBe(refused);
      expect(await sessionOf({ [TAGS]: { principal_tags: { team: ['v'] } }, [`${TAGS}/principal_tags/team`]: 'v' })).toBe(refused);
      expect(await sessionOf({ [`${TAGS}/principal_tags/team`]: 1 })).toBe(refused);
      expect(await sessionOf({ [TAGS]: { transitive_tag_keys: [1] } })).toBe(refused);
    });

    it('reads a tag named __proto__ as any other', async () => {
      const claims = JSON.parse('{"principal_tags":{"__proto__":["v"]}}');
      const session = await sessionOf({ [TAGS]: claims });
      expect(Object.entries((session as { principalTags: object }).principalTags)).toEqual([['__proto__', 'v']]);
    });

    it.each([
      ['a', 'source-identity-claim-invalid'],
      ['ab', { sourceIdentity: 'ab' }],
      ['a=b,c.d@e-f+g_H1', { sourceIdentity: 'a=b,c.d@e-f+g_H1' }],
      ['x'.repeat(64), { sourceIdentity: 'x'.repeat(64) }],
      ['x'.repeat(65), 'source-identity-claim-invalid'],
      ['ab\n', 'source-identity-claim-invalid'],
      ['é'.repeat(3), 'source-identity-claim-invalid'],
      ['aws:me', 'source-identity-claim-invalid'],
      ['', 'source-identity-claim-invalid'],
      [1, 'source-identity-claim-invalid'],
      [['ab'], 'source-identity-claim-invalid'],
    ])('reads the source identity %j', async (value, expected) => {
      const session = await sessionOf({ 'https://aws.amazon.com/source_identity': value });
      if (typeof expected === 'string') expect(session).toBe(expected);
      else expect(session).toMatchObject(expected);
    });

    it('says whether the token names the role', async () => {
      const roles = 'https://aws.amazon.com/roles';
      const named = { principalTags: {}, transitiveTagKeys: [], roleAuthorizedByIdp: true };
      expect(await sessionOf({ [roles]: [ROLE] })).toEqual(named);
      expect(await sessionOf({ [roles]: `${ROLE};arn:aws:iam::111122223333:role/other` })).toEqual(named);
      expect(await sessionOf({ [roles]: [ROLE.toUpperCase()] })).toBe('roles-claim-refused');
      expect(await sessionOf({ [roles]: [`${ROLE}-2`] })).toBe('roles-claim-refused');
      expect(await sessionOf({ [roles]: [ROLE, 1] })).toBe('roles-claim-refused');
      expect(await sessionOf({ [roles]: {} })).toBe('roles-claim-refused');
    });

    it('warns when a token restricts itself to roles and no role was given', async () => {
      const verdict = await verify({ 'https://aws.amazon.com/roles': [ROLE] });
      expect(verdict).toMatchObject({
        ok: true,
        session: { principalTags: {} },
        warnings: [{ code: 'roles-unchecked', message: DOUBTS['roles-unchecked'].message }],
      });
    });
  });

  it('never throws, whatever the token, and accepts none that was not signed', async () => {
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(null, '', [], 0.5, SECONDS, '1'));
    const header = fc.record(
      { alg: fc.oneof(fc.constantFrom('none', 'RS256', 'ES256', 'HS256'), odd), kid: fc.oneof(fc.constant('KID'), odd), crit: odd },
      { requiredKeys: [] },
    );
    const claims = fc.record(
      { iss: fc.oneof(fc.constant(CLAIMS.iss), odd), sub: odd, aud: odd, azp: odd, iat: odd, exp: odd, nbf: odd },
      { requiredKeys: [] },
    );
    const encode = (value: unknown): string =>
      Buffer.from(JSON.stringify(value).replace('"KID"', JSON.stringify(key.kid))).toString('base64url');
    const token = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(header, claims, fc.uint8Array({ maxLength: 80 }))
        .map(([head, body, signature]) => `${encode(head)}.${encode(body)}.${Buffer.from(signature).toString('base64url')}`),
    );
    await fc.assert(
      fc.asyncProperty(token, fc.constantFrom('aws' as const, 'strict' as const), async (text, mode) => {
        expect((await verifyToken(text, { ...options, mode })).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws for odd claims that are properly signed', async () => {
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(null, '', [], 0.5, 1e300, SECONDS, String(SECONDS)));
    const names = [
      'sub',
      'aud',
      'azp',
      'iat',
      'exp',
      'nbf',
      TAGS,
      'https://aws.amazon.com/roles',
      'https://aws.amazon.com/source_identity',
    ];
    const changes = fc.record(Object.fromEntries(names.map((name) => [name, odd])), { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(changes, async (change) => {
        const verdict = await verify(change as JsonObject, { roleArn: ROLE, mode: 'strict' });
        expect(typeof verdict.ok).toBe('boolean');
      }),
      { numRuns: 200 },
    );
  });
});
