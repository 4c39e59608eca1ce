import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeToken, TOKEN_MAX_LENGTH } from './decode-token.ts';

const encode = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');
const token = (header: string | Uint8Array, claims: string | Uint8Array, signature = 'AAAA'): string =>
  `${encode(header)}.${encode(claims)}.${signature}`;
const reasonOf = (text: string): string => {
  const decoding = decodeToken(text);
  return decoding.ok ? 'ok' : decoding.reason;
};

describe('decodeToken', () => {
  it('reads header and claims without judging them', () => {
    const text = token('{"alg":"none"}', '{"sub":1,"exp":"x"}', '');
    expect(decodeToken(text)).toEqual({
      ok: true,
      token: { compact: text, header: { alg: 'none' }, claims: { sub: 1, exp: 'x' }, duplicates: [], trimmed: false },
    });
  });

  it('takes ASCII white space off both ends and says so', () => {
    const text = token('{}', '{}');
    expect(decodeToken(`\t ${text}\r\n`)).toMatchObject({ ok: true, token: { compact: text, trimmed: true } });
  });

  it.each(['\u00a0', '\u2003', '\ufeff'])('does not take other white space off (%j)', (space) => {
    expect(reasonOf(`${token('{}', '{}')}${space}`)).toBe('token-not-base64url');
  });

  it('reads the longest token and none that is longer', () => {
    expect(reasonOf('x'.repeat(TOKEN_MAX_LENGTH))).toBe('token-not-compact');
    expect(reasonOf('x'.repeat(TOKEN_MAX_LENGTH + 1))).toBe('token-too-long');
    expect(reasonOf('.'.repeat(1_000_000))).toBe('token-too-long');
  });

  it.each(['', 'x', 'a.b', 'a.b.c.d', '....', '{"payload":"e30","signatures":[]}'])('refuses %j, which has not three parts', (text) => {
    expect(reasonOf(text)).toBe('token-not-compact');
  });

  it('refuses base64 that is not unpadded base64url', () => {
    const [header, claims] = token('{}', '{}').split('.');
    for (const signature of ['AA==', 'A', 'AA+A', 'AA/A', 'AA A', 'AA\nA', 'A%3D', 'AAé']) {
      expect(reasonOf(`${header}.${claims}.${signature}`), signature).toBe('token-not-base64url');
    }
    expect(reasonOf(`${header}=.${claims}.AAAA`)).toBe('token-not-base64url');
    expect(reasonOf(`${header}.${claims}=.AAAA`)).toBe('token-not-base64url');
  });

  it('refuses a second spelling of the same bytes', () => {
    const [header, claims] = token('{}', '{}').split('.');
    expect(reasonOf(`${header}.${claims}.AQ`)).toBe('ok');
    expect(reasonOf(`${header}.${claims}.AR`)).toBe('token-not-base64url');
    expect(reasonOf(`${header}.${claims}.AAE`)).toBe('ok');
    expect(reasonOf(`${header}.${claims}.AAF`)).toBe('token-not-base64url');
  });

  it('refuses text that is not UTF-8 instead of repairing it', () => {
    expect(reasonOf(token('{}', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)))).toBe('token-not-utf8');
    expect(reasonOf(token(Uint8Array.of(0xc0, 0x80), '{}'))).toBe('token-not-utf8');
  });

  it.each(['', 'null', '[]', '"x"', '1', '{', '{"a":1,}', "{'a':1}", '\ufeff{}', '{} {}'])(
    'refuses claims that are not one JSON object: %j',
    (claims) => {
      expect(reasonOf(token('{}', claims))).toBe('token-not-json-object');
    },
  );

  it('bounds the depth of claims', () => {
    const nested = (levels: number): string => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
    expect(reasonOf(token('{}', nested(64)))).toBe('ok');
    expect(reasonOf(token('{}', nested(65)))).toBe('token-not-json-object');
    expect(reasonOf(token('{}', '[{"a":'.repeat(2000)))).toBe('token-not-json-object');
  });

  it('does not take brackets in texts for depth', () => {
    expect(reasonOf(token('{}', JSON.stringify({ a: '[{\\"'.repeat(200) })))).toBe('ok');
  });

  it('finds members that stand twice, at any depth and in any spelling, and keeps the last', () => {
    const decoding = decodeToken(
      token('{"alg":"a","alg":"b"}', '{"sub":"x","\\u0073ub":"y","list":[{},{"a/b":1,"a~":{"c":1,"c":2},"a/b" :2}],"x":{"sub":1}}'),
    );
    expect(decoding).toMatchObject({
      ok: true,
      token: {
        header: { alg: 'b' },
        claims: { sub: 'y', list: [{}, { 'a/b': 2, 'a~': { c: 2 } }] },
        duplicates: ['/header/alg', '/claims/sub', '/claims/list/1/a~0/c', '/claims/list/1/a~1b'],
      },
    });
  });

  it('does not take a text for a member', () => {
    expect(decodeToken(token('{}', '{"a":"a","b":["a","a",":"],"c":"\\"a\\":"}'))).toMatchObject({ ok: true, token: { duplicates: [] } });
  });

  it('keeps a member named __proto__ a member', () => {
    const decoding = decodeToken(token('{}', '{"__proto__":{"sub":"x"}}'));
    expect(decoding.ok && Object.hasOwn(decoding.token.claims, 'sub')).toBe(false);
    expect(decoding.ok && Object.getPrototypeOf(decoding.token.claims)).toBe(Object.prototype);
  });

  it('shows nothing of the token in what it says', () => {
    const decoding = decodeToken(token('{}', 'secret-claims'));
    expect(decoding).toEqual({ ok: false, reason: 'token-not-json-object', message: 'token claims is not valid JSON' });
  });

  it('reads back any JSON object, and throws for no text', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (claims) => {
        const decoding = decodeToken(token('{"alg":"RS256"}', JSON.stringify(claims)));
        expect(decoding).toMatchObject({ ok: true, token: { duplicates: [] } });
        expect(decoding.ok && JSON.stringify(decoding.token.claims)).toBe(JSON.stringify(JSON.parse(JSON.stringify(claims))));
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void decodeToken(text)));
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.uint8Array(),
        fc.string(),
        (header, claims, signature) => void decodeToken(token(header, claims, signature)),
      ),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0041 a1') }), (claims) => void decodeToken(token('{}', claims))),
      {
        numRuns: 1000,
      },
    );
  });
});
