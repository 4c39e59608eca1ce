import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINT_CODES } from './lint-codes.data.ts';
import { lintTrust } from './lint-trust.ts';
import { trustDocument } from './trust-document.ts';

const I = 'oidc.example.com/id/A1';
const P = `arn:aws:iam::123456789012:oidc-provider/${I}`;
const SA = 'system:serviceaccount:team-a:default-editor';
const AUD = { [`${I}:aud`]: 'sts.amazonaws.com' };
const statement = (condition: unknown, more: object = {}): object => ({
  Effect: 'Allow',
  Principal: { Federated: P },
  Action: 'sts:AssumeRoleWithWebIdentity',
  ...(condition === undefined ? {} : { Condition: condition }),
  ...more,
});
const text = (...statements: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const codes = (document: string, options = {}): readonly string[] => lintTrust(document, options).findings.map((finding) => finding.code);

describe('linting a trust policy', () => {
  it('finds nothing in the canonical one', () => {
    expect(codes(trustDocument({ providerArn: P, sid: 'Podrole0', audience: 'sts.amazonaws.com', subjects: [SA] }))).toEqual([]);
  });

  it.each<[string, unknown, readonly string[]]>([
    ['no condition', undefined, ['subject-unbound', 'audience-unbound']],
    ['the audience alone', { StringEquals: AUD }, ['subject-unbound']],
    ['the subject alone', { StringEquals: { [`${I}:sub`]: SA } }, ['audience-unbound']],
    ['a negated subject', { StringEquals: AUD, StringNotEquals: { [`${I}:sub`]: SA } }, ['weak-restriction']],
    ['a subject that must only be there', { StringEquals: AUD, Null: { [`${I}:sub`]: false } }, ['weak-restriction']],
    [
      'IfExists on a misspelt key',
      { StringEquals: AUD, StringEqualsIfExists: { [`${I}:subject`]: SA } },
      ['weak-restriction', 'key-not-published'],
    ],
    [
      'ForAllValues without a guard',
      { StringEquals: AUD, 'ForAllValues:StringEquals': { [`${I}:sub`]: SA } },
      ['for-all-values-unguarded'],
    ],
    [
      'ForAllValues with a guard',
      { StringEquals: AUD, 'ForAllValues:StringEquals': { [`${I}:sub`]: SA }, Null: { [`${I}:sub`]: 'false' } },
      [],
    ],
    [
      'a wildcard under StringEquals',
      { StringEquals: { ...AUD, [`${I}:sub`]: 'system:serviceaccount:team-a:*' } },
      ['wildcard-under-equals'],
    ],
    [
      'a wildcard namespace',
      { StringEquals: AUD, StringLike: { [`${I}:sub`]: 'system:serviceaccount:team-*:default-editor' } },
      ['subject-pattern-broad'],
    ],
    [
      'a wildcard that ends a namespace prefix',
      { StringEquals: AUD, StringLike: { [`${I}:sub`]: 'system:serviceaccount:team-a*' } },
      ['subject-pattern-broad'],
    ],
    ['a wildcard name', { StringEquals: AUD, StringLike: { [`${I}:sub`]: 'system:serviceaccount:team-a:*' } }, []],
    ['everything', { StringEquals: AUD, StringLike: { [`${I}:sub`]: '*' } }, ['subject-unbound', 'subject-pattern-broad']],
    ['a malformed subject', { StringEquals: { ...AUD, [`${I}:sub`]: ` ${SA}` } }, ['subject-malformed']],
    ['an upper-case namespace', { StringEquals: { ...AUD, [`${I}:sub`]: 'system:serviceaccount:A:b' } }, ['subject-malformed']],
    ['a subject of another kind', { StringEquals: { ...AUD, [`${I}:sub`]: 'auth0|1' } }, ['subject-not-service-account']],
    ["another issuer's key", { StringEquals: { ...AUD, 'oidc.example.com/id/OLD:sub': SA } }, ['key-other-issuer']],
    ['a scheme', { StringEquals: { ...AUD, [`https://${I}:sub`]: SA } }, ['key-has-scheme']],
    ['a slash', { StringEquals: { ...AUD, [`${I}/:sub`]: SA } }, ['key-slash']],
    ['a scalar operator on a list', { StringEquals: { ...AUD, [`${I}:sub`]: SA, [`${I}:amr`]: 'mfa' } }, ['scalar-on-list']],
    ['no values', { StringEquals: { ...AUD, [`${I}:sub`]: [] } }, ['no-values']],
  ])('%s', (_, condition, expected) => {
    expect(codes(text(statement(condition)))).toEqual(expected);
  });

  it.each<[object, readonly string[]]>([
    [{ Principal: undefined, NotPrincipal: { Federated: `${P}/` } }, ['refused-by-iam', 'not-principal']],
    [{ Action: undefined, NotAction: 'sts:AssumeRole' }, ['refused-by-iam', 'not-action', 'subject-unbound', 'audience-unbound']],
    [{ Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }, ['principal-star']],
    [{ Action: 'sts:*' }, ['refused-by-iam', 'subject-unbound', 'audience-unbound']],
  ])('%j', (more, expected) => {
    expect([...codes(text(statement(undefined, more)))].sort()).toEqual([...expected].sort());
  });

  it('knows shared issuers', () => {
    const github = 'token.actions.githubusercontent.com';
    const trusted = (condition: object): readonly string[] =>
      codes(
        text(
          statement(
            { StringEquals: { [`${github}:aud`]: 'sts.amazonaws.com' }, ...condition },
            { Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${github}` } },
          ),
        ),
      );
    expect(trusted({})).toEqual(['shared-issuer-unscoped', 'subject-unbound']);
    expect(trusted({ StringLike: { [`${github}:sub`]: 'repo:org/*' } })).toEqual([]);
    expect(trusted({ StringLike: { [`${github}:sub`]: '??*' } })).toEqual(['subject-unbound', 'shared-issuer-weak']);
    expect(trusted({ StringLike: { [`${github}:repository_id`]: '1', [`${github}:sub`]: 'repo:org/x' } })).toEqual([]);
  });

  it('counts against the quota, asks for providers, and sees what PodroleClosed overrides', () => {
    const closed = { Sid: 'PodroleClosed', Effect: 'Deny', Principal: { Federated: P }, Action: 'sts:AssumeRoleWithWebIdentity' };
    const good = statement({ StringEquals: { ...AUD, [`${I}:sub`]: SA } });
    const { size } = lintTrust(text(good));
    expect(codes(text(good), { quota: size - 1 })).toEqual(['over-quota']);
    expect(codes(text(good), { quota: size })).toEqual(['near-quota']);
    expect(codes(text(good), { quota: 'off' })).toEqual([]);
    expect(codes(text(good), { providers: [] })).toEqual(['provider-missing']);
    expect(codes(text(closed, good))).toEqual(['closed-overrides']);
    expect(codes(text({ ...good, Sid: 'A' }, { ...good, Sid: 'A' }))).toEqual(['duplicate-sid']);
    expect(codes('{}')).toEqual(['unreadable']);
  });

  it('says that variables are plain text in the old version', () => {
    const old = JSON.stringify({
      Statement: [statement({ StringEquals: { ...AUD, [`${I}:sub`]: SA, 'sts:RoleSessionName': `\${${I}:sub}` } })],
    });
    expect(codes(old)).toEqual(['variable-in-old-version']);
  });

  it('takes severity and fix from the table and points into the document', () => {
    const [finding] = lintTrust(
      text(statement({ StringEquals: { ...AUD, [`${I}:sub`]: ['x', 'system:serviceaccount:a:*'] } })),
    ).findings.slice(-1);
    expect(finding).toEqual({
      code: 'wildcard-under-equals',
      severity: 'error',
      path: `/Statement/0/Condition/StringEquals/${I.replaceAll('/', '~1')}:sub/1`,
      message: '"system:serviceaccount:a:*" is taken literally by StringEquals',
      fix: LINT_CODES['wildcard-under-equals'].fix,
    });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (document) => {
        expect(lintTrust(document).findings.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
