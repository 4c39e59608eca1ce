import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discoveryDocument, discoveryUrl, parseDiscovery } from './discovery.ts';

const ISSUER = 'https://oidc.example.com/id/A1';
const DOCUMENT = discoveryDocument({ issuer: ISSUER, jwksUri: `${ISSUER}/keys`, algorithms: ['RS256', 'ES256', 'RS256'] });

describe('discoveryDocument', () => {
  it('has the five members in the order of Kubernetes, each algorithm once', () => {
    expect(JSON.stringify(DOCUMENT)).toBe(
      `{"issuer":"${ISSUER}","jwks_uri":"${ISSUER}/keys","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES256","RS256"]}`,
    );
  });
});

describe('discoveryUrl', () => {
  it('does not double a trailing slash', () => {
    expect(discoveryUrl(ISSUER)).toBe(`${ISSUER}/.well-known/openid-configuration`);
    expect(discoveryUrl('https://a.test/')).toBe('https://a.test/.well-known/openid-configuration');
  });
});

describe('parseDiscovery', () => {
  it('reads what we publish, and drops what it does not need', () => {
    expect(parseDiscovery(JSON.stringify({ ...DOCUMENT, claims_supported: ['sub'] }))).toEqual({ ok: true, document: DOCUMENT });
  });

  it.each(Object.keys(DOCUMENT))('cannot do without %s', (name) => {
    const reading = parseDiscovery(JSON.stringify({ ...DOCUMENT, [name]: undefined }));
    expect(reading.ok ? [] : reading.problems.map(({ path }) => path)).toEqual([`/${name}`]);
  });

  it('tells everything that is wrong at once', () => {
    const text =
      '{"issuer":"http://a?b","jwks_uri":"ftp://x","response_types_supported":["code"],"subject_types_supported":[],"id_token_signing_alg_values_supported":[1]}';
    expect(parseDiscovery(text)).toEqual({
      ok: false,
      problems: [
        { path: '/issuer', message: 'issuer must start with https://' },
        { path: '/jwks_uri', message: 'must be a URL that starts with https://' },
        { path: '/response_types_supported', message: 'must contain id_token' },
        { path: '/subject_types_supported', message: 'must be there, as a list of 1 to 100 texts' },
        { path: '/id_token_signing_alg_values_supported', message: 'must be there, as a list of 1 to 100 texts' },
      ],
    });
  });

  it('refuses a member that stands twice, since readers differ on it', () => {
    expect(parseDiscovery(`${JSON.stringify(DOCUMENT).slice(0, -1)},"jwks_uri":"https://b.test/"}`)).toEqual({
      ok: false,
      problems: [{ path: '/jwks_uri', message: 'member stands twice in the discovery document' }],
    });
  });

  it.each(['', 'null', '<html>', '[]'])('refuses %j', (text) => {
    expect(parseDiscovery(text)).toMatchObject({ ok: false, problems: [{ path: '' }] });
  });

  it('refuses a document beyond the limit without reading it', () => {
    expect(parseDiscovery(' '.repeat(1_048_577))).toEqual({
      ok: false,
      problems: [{ path: '', message: 'discovery document is longer than 1048576 characters' }],
    });
  });

  it('throws for no text', () => {
    const likely = fc.record(Object.fromEntries(Object.keys(DOCUMENT).map((name) => [name, fc.jsonValue()])), { requiredKeys: [] });
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      likely.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (document) => void parseDiscovery(document)),
      { numRuns: 500 },
    );
  });
});
