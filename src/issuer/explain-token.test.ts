import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import { explainToken, type TokenExplanation } from './explain-token.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const IAT = NOW.getTime() / 1000;
const HEADER = { alg: 'RS256', kid: 'k' };
const CLAIMS = {
  aud: ['sts.amazonaws.com'],
  exp: IAT + 3600,
  iat: IAT - 60,
  iss: 'https://issuer.test/a',
  'kubernetes.io': { namespace: 'team-a', serviceaccount: { name: 'app', uid: 'u' }, pod: { name: 'web-0', uid: 'v' } },
  nbf: IAT - 60,
  sub: 'system:serviceaccount:team-a:app',
};
const SIGNATURE = 'c2lnbmF0dXJlLW9mLW5vYm9keQ';

const tokenOf = (claims: JsonObject, header: JsonObject = HEADER): string =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${SIGNATURE}`;

function explained(claims: JsonObject, header?: JsonObject): TokenExplanation {
  const reading = explainToken(tokenOf(claims, header), NOW);
  if (!reading.ok) throw new Error(reading.message);
  return reading.explanation;
}

const codes = (claims: JsonObject, header?: JsonObject): string[] =>
  explained(claims, header).findings.map(({ severity, code, at }) => `${severity} ${code} ${at}`);

describe('explainToken', () => {
  it('says what each claim means and what a trust policy can compare', () => {
    const { claims, conditions, notes, findings } = explained(CLAIMS);
    expect(claims.map(({ name, meaning }) => `${name}: ${meaning}`)).toEqual([
      'aud: whom the token is for: must be a client id of that provider',
      'exp: ends 2026-01-01T01:00:00.000Z, in 60 min',
      'iat: issued 2025-12-31T23:59:00.000Z, 60 s ago',
      'iss: the issuer: IAM needs an OIDC provider of exactly this URL in the account of the role',
      'kubernetes.io: what the token is bound to; AWS does not read it: namespace team-a, serviceaccount app, pod web-0',
      'nbf: valid from 2025-12-31T23:59:00.000Z, 60 s ago',
      'sub: whose token it is: what a trust policy must name',
    ]);
    expect(conditions).toEqual([
      { key: 'issuer.test/a:aud', value: 'sts.amazonaws.com' },
      { key: 'issuer.test/a:sub', value: 'system:serviceaccount:team-a:app' },
    ]);
    expect(notes).toEqual(['STS takes it until it ends, also when its pod is gone: only the API server knows of pods']);
    expect(findings).toEqual([]);
  });

  it('reads azp as AWS does', () => {
    expect(explained({ ...CLAIMS, aud: 'a', azp: 'sts.amazonaws.com' }).conditions).toEqual([
      { key: 'issuer.test/a:aud', value: 'sts.amazonaws.com' },
      { key: 'issuer.test/a:sub', value: 'system:serviceaccount:team-a:app' },
      { key: 'issuer.test/a:oaud', value: 'a' },
    ]);
  });

  const { exp: _exp, aud: _aud, ...secretClaims } = CLAIMS;
  it.each<[string, JsonObject, string[]]>([
    [
      'a token of a Secret',
      { ...secretClaims, iss: 'kubernetes/serviceaccount' },
      ['error claim-missing aud', 'error claim-missing exp', 'error issuer-invalid iss'],
    ],
    ['the default issuer', { ...CLAIMS, iss: 'https://kubernetes.default.svc.cluster.local' }, ['error issuer-private iss']],
    ['an issuer with a port', { ...CLAIMS, iss: 'https://issuer.test:443' }, ['error issuer-port iss']],
    ['several audiences', { ...CLAIMS, aud: ['sts.amazonaws.com', 'x'] }, ['error audience-ambiguous aud']],
    ['no audience', { ...CLAIMS, aud: [] }, ['error audience-empty aud']],
    ['kOps’ audience', { ...CLAIMS, aud: ['amazonaws.com'] }, ['warning audience-unusual aud']],
    ['a token that ended', { ...CLAIMS, exp: IAT - 300 }, ['error token-expired exp']],
    ['a token in AWS’s patience', { ...CLAIMS, exp: IAT - 299 }, ['warning token-expiring exp']],
    [
      'a token of tomorrow',
      { ...CLAIMS, iat: IAT + 301, nbf: IAT + 301 },
      ['error token-not-yet-valid nbf', 'error token-issued-in-future iat'],
    ],
    ['half a second', { ...CLAIMS, exp: IAT + 0.5 }, ['error timestamp-invalid exp']],
    ['another subject', { ...CLAIMS, sub: 'repo:a/b' }, ['warning subject-foreign sub']],
  ])('tells what is wrong with %s', (_, claims, expected) => {
    expect(codes(claims)).toEqual(expected);
  });

  it('tells what is wrong with a header', () => {
    expect(codes(CLAIMS, { alg: 'none', crit: [] })).toEqual([
      'error algorithm-refused alg',
      'warning kid-missing kid',
      'error header-critical crit',
    ]);
  });

  it('shows neither the token nor its signature', () => {
    const text = JSON.stringify(explained(CLAIMS));
    expect(text).not.toContain(SIGNATURE);
    expect(text).not.toContain(tokenOf(CLAIMS).split('.')[1]);
  });

  it('throws for no claims', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(CLAIMS), 'azp', 'x'), fc.jsonValue({ maxDepth: 3 })),
        (claims) => void explained(claims as JsonObject),
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void explainToken(text, NOW)));
  });
});
