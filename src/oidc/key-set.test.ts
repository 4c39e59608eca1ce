import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keySetDocument, type PublicJwk, parseKeySet } from './key-set.ts';

const RSA: PublicJwk = { use: 'sig', kty: 'RSA', kid: 'a', alg: 'RS256', n: 'AQAB', e: 'AQAB' };
const EC: PublicJwk = { use: 'sig', kty: 'EC', kid: 'b', crv: 'P-256', alg: 'ES256', x: 'AA', y: 'AA' };

describe('keySetDocument', () => {
  it('writes members in the order of Kubernetes, and no other members', () => {
    const shuffled = {
      key_ops: ['verify'],
      ext: true,
      y: 'AA',
      x: 'AA',
      crv: 'P-256',
      kid: 'b',
      kty: 'EC',
      alg: 'ES256',
      use: 'sig',
      d: 'private',
    } as const;
    expect(JSON.stringify(keySetDocument([{ ...RSA }, shuffled as PublicJwk]))).toBe(
      '{"keys":[{"use":"sig","kty":"RSA","kid":"a","alg":"RS256","n":"AQAB","e":"AQAB"},{"use":"sig","kty":"EC","kid":"b","crv":"P-256","alg":"ES256","x":"AA","y":"AA"}]}',
    );
  });
});

describe('parseKeySet', () => {
  it('reads what we publish', () => {
    expect(parseKeySet(JSON.stringify(keySetDocument([RSA, EC])))).toEqual({ ok: true, keySet: { keys: [RSA, EC] } });
  });

  it('keeps what chooses or spoils a key, and drops the rest, private members above all', () => {
    const text = '{"keys":[{"kty":"RSA","d":"x","p":"x","key_ops":["verify"],"x5c":[],"x5t":"x","oth":[]},{}],"other":1}';
    expect(parseKeySet(text)).toEqual({ ok: true, keySet: { keys: [{ kty: 'RSA', key_ops: ['verify'], x5c: [] }, {}] } });
  });

  it.each([
    ['', [{ path: '', message: 'key set is not valid JSON' }]],
    ['[]', [{ path: '', message: 'key set is JSON, but not an object' }]],
    ['{}', [{ path: '/keys', message: 'key set must have a list of keys in the member keys' }]],
    ['{"keys":{}}', [{ path: '/keys', message: 'key set must have a list of keys in the member keys' }]],
    [
      '{"keys":[{},1,null]}',
      [
        { path: '/keys/1', message: 'key must be a JSON object' },
        { path: '/keys/2', message: 'key must be a JSON object' },
      ],
    ],
    ['{"keys":[],"keys":[]}', [{ path: '/keys', message: 'member stands twice in the key set' }]],
    ['{"keys":[{"n":"a","n":"b"}]}', [{ path: '/keys/0/n', message: 'member stands twice in the key set' }]],
    [`{"keys":[${Array(1001).fill('{}').join()}]}`, [{ path: '/keys', message: 'key set holds 1001 keys; at most 1000 are read' }]],
    [`{"keys":${'['.repeat(50)}`, [{ path: '', message: 'key set nests deeper than 16 levels' }]],
    ['x'.repeat(1_048_577), [{ path: '', message: 'key set is longer than 1048576 characters' }]],
  ])('refuses %.40j with everything that is wrong', (text, problems) => {
    expect(parseKeySet(text)).toEqual({ ok: false, problems });
  });

  it('throws for no text', () => {
    const keys = fc.record({ keys: fc.jsonValue() }).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), keys), (text) => void parseKeySet(text)),
      { numRuns: 500 },
    );
  });
});
