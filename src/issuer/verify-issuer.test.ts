import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ISSUER, type TestKey, testKey } from '../../test/support/issuer-keys.ts';
import type { JsonObject } from '../base/json.ts';
import { signToken } from '../oidc/sign-token.ts';
import { issuerDocuments } from './documents.ts';
import type { Fetched } from './fetch-port.ts';
import { type IssuerReport, verifyIssuer } from './verify-issuer.ts';

const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
const KEYS = `${ISSUER}/openid/v1/jwks`;
const SIGNAL = new AbortController().signal;
let key: TestKey;
beforeAll(async () => {
  key = await testKey('RSA');
});

type Answer = Partial<Extract<Fetched, { ok: true }>> | Extract<Fetched, { ok: false }>;

/** An issuer that answers as told, and well otherwise. */
function look(
  answers: Record<string, Answer> = {},
  options: { token?: string; issuer?: string; keys?: JsonObject[] } = {},
): Promise<IssuerReport> {
  const documents = issuerDocuments({ issuer: ISSUER, keys: [key.signing.publicJwk] });
  const good: Record<string, string> = {
    [DISCOVERY]: documents.discovery.text,
    [KEYS]: options.keys === undefined ? documents.keySet.text : JSON.stringify({ keys: options.keys }),
  };
  return verifyIssuer(
    {
      issuer: options.issuer ?? ISSUER,
      token:
        options.token === undefined
          ? undefined
          : { text: options.token, clientIds: ['sts.amazonaws.com'], now: new Date('2026-01-01T00:00:00Z') },
      fetch: async (url) => {
        const answer = answers[url] ?? (good[url] === undefined ? { status: 404, text: '' } : {});
        if ('ok' in answer && answer.ok === false) return answer;
        return {
          ok: true,
          status: 200,
          ms: 10,
          text: good[url] ?? '',
          ...answer,
          headers: { 'content-type': 'application/json', 'cache-control': 'max-age=60', ...(answer as { headers?: object }).headers },
        };
      },
    },
    SIGNAL,
  );
}

const codes = ({ findings }: IssuerReport): string[] => findings.map(({ severity, code }) => `${severity} ${code}`);

describe('verifyIssuer', () => {
  it('finds nothing wrong with what we publish', async () => {
    expect(await look()).toEqual({ issuer: ISSUER, jwksUri: KEYS, kids: [key.signing.kid], subject: undefined, findings: [], ok: true });
  });

  it.each<[string, Record<string, Answer>, string[]]>([
    ['a host without an address', { [DISCOVERY]: { ok: false, reason: 'host-unknown', message: 'm' } }, ['error host-unknown']],
    ['a document that takes too long', { [KEYS]: { ok: false, reason: 'timeout', message: 'm' } }, ['error timeout']],
    ['a certificate of nobody', { [DISCOVERY]: { ok: false, reason: 'certificate-refused', message: 'm' } }, ['error certificate-refused']],
    ['a private bucket', { [DISCOVERY]: { status: 403 } }, ['error status']],
    ['a missing key set', { [KEYS]: { status: 404 } }, ['error status']],
    ['a redirect to another host', { [KEYS]: { status: 302, headers: { location: 'https://evil.test/keys' } } }, ['error redirect']],
    ['a redirect to http', { [KEYS]: { status: 302, headers: { location: KEYS.replace('https', 'http') } } }, ['error redirect']],
    ['a redirect to nowhere', { [KEYS]: { status: 302 } }, ['error redirect']],
    [
      'a redirect in a circle',
      { [KEYS]: { status: 301, headers: { location: KEYS } } },
      ['warning redirect', 'warning redirect', 'warning redirect', 'error redirect'],
    ],
    [
      'a redirect on its own host',
      { [DISCOVERY]: { status: 301, headers: { location: `${ISSUER}/d` } }, [`${ISSUER}/d`]: { status: 404 } },
      ['warning redirect', 'error status'],
    ],
    ['a host of a private network', { [DISCOVERY]: { privateAddress: '10.0.0.1' } }, ['warning address-private']],
    ['a compressed document', { [DISCOVERY]: { headers: { 'content-encoding': 'gzip' } } }, ['error encoded']],
    [
      'a slow document without cache headers',
      { [KEYS]: { ms: 3000, headers: { 'cache-control': undefined, 'content-type': 'text/html' } } },
      ['warning content-type', 'warning cache-control', 'warning slow'],
    ],
    ['a page in place of the document', { [DISCOVERY]: { text: '<html>' } }, ['error discovery-invalid']],
    [
      'a document without the algorithms',
      {
        [DISCOVERY]: {
          text: `{"issuer":"${ISSUER}","jwks_uri":"${KEYS}","response_types_supported":["id_token"],"subject_types_supported":["public"]}`,
        },
      },
      ['error discovery-invalid'],
    ],
    ['a key set that is none', { [KEYS]: { text: '[]' } }, ['error key-set-invalid']],
  ])('tells %s', async (_, answers, expected) => {
    const report = await look(answers);
    expect(codes(report)).toEqual(expected);
    expect(report.ok).toBe(!expected.some((code) => code.startsWith('error')));
    for (const { fix } of report.findings) expect(fix).not.toBe('');
  });

  it('tells another issuer’s document and keys on another host', async () => {
    const text = issuerDocuments({ issuer: 'https://other.test', keys: [key.signing.publicJwk] }).discovery.text;
    expect(codes(await look({ [DISCOVERY]: { text } }))).toEqual(['error issuer-mismatch', 'warning jwks-elsewhere', 'error status']);
  });

  it.each<[string, (good: JsonObject) => JsonObject[], string[]]>([
    ['no keys', () => [], ['error key-none']],
    ['a key twice, once without a name (the old guide’s tool)', (good) => [good, { ...good, kid: '' }], ['error key-unnamed']],
    ['two keys of one name', (good) => [good, good], ['error key-shared']],
    ['key_ops', (good) => [{ ...good, key_ops: ['verify'] }], ['error key-ops']],
    ['x5c', (good) => [{ ...good, x5c: [] }], ['error key-x5c']],
    ['a private member', (good) => [{ ...good, d: 'AQAB' }], ['error key-private']],
    ['a symmetric key', () => [{ kty: 'oct', k: 'AA', kid: 'a', use: 'sig' }], ['error key-private', 'error key-kind']],
    ['a weak key', (good) => [{ ...good, n: 'AQAB' }], ['error key-weak']],
    ['an exponent of one', (good) => [{ ...good, e: 'AQ' }], ['error key-weak']],
    [
      'a curve that AWS does not know',
      () => [{ kty: 'EC', crv: 'secp256k1', kid: 'a', use: 'sig', x: 'AA', y: 'AA' }],
      ['error key-curve'],
    ],
    [
      'a short point',
      () => [{ kty: 'EC', crv: 'P-256', kid: 'a', use: 'sig', alg: 'ES256', x: 'AA', y: 'AA' }],
      ['error key-malformed', 'warning algorithm-unnamed'],
    ],
    ['a key for encryption', (good) => [{ ...good, use: 'enc' }], ['error key-use']],
    ['no use and no alg', (good) => [{ ...good, use: undefined, alg: undefined }], ['warning key-use', 'warning key-algorithm']],
    ['too many keys', (good) => Array.from({ length: 101 }, (_, index) => ({ ...good, kid: String(index) })), ['error key-too-many']],
  ])('tells %s', async (_, keys, expected) => {
    expect(codes(await look({}, { keys: keys({ ...key.signing.publicJwk }) }))).toEqual(expected);
  });

  it('judges a token against the keys that it found', async () => {
    const iat = Date.parse('2026-01-01T00:00:00Z') / 1000;
    const claims = { iss: ISSUER, sub: 'system:serviceaccount:a:b', aud: ['sts.amazonaws.com'], iat, exp: iat + 600 };
    const token = await signToken({ key: key.signing, claims });
    expect(await look({}, { token })).toMatchObject({ ok: true, subject: 'system:serviceaccount:a:b', findings: [] });
    expect(codes(await look({}, { token: await signToken({ key: key.signing, claims: { ...claims, aud: 'x' } }) }))).toEqual([
      'error audience-unregistered',
    ]);
    const report = await look({}, { token: await signToken({ key: (await testKey()).signing, claims }) });
    expect(codes(report)).toEqual(['error key-unknown']);
    expect(JSON.stringify(report)).not.toContain(token.split('.')[2]);
  });

  it.each(['http://a.test', 'https://a.test:443', 'https://a.test?x'])('asks nobody about the issuer %s', async (issuer) => {
    const report = await look({}, { issuer });
    expect([report.ok, report.jwksUri]).toEqual([false, undefined]);
  });

  it('throws for no document', async () => {
    const answer = fc.record({
      status: fc.constantFrom(200, 301, 404),
      text: fc.oneof(fc.string(), fc.json()),
      headers: fc.dictionary(fc.constantFrom('location', 'content-type'), fc.string()),
    });
    await fc.assert(
      fc.asyncProperty(answer, answer, async (one, two) => {
        await look({ [DISCOVERY]: one, [KEYS]: two });
      }),
      { numRuns: 300 },
    );
  });
});
