import { describe, expect, it } from 'vitest';
import type { Json } from '../base/json.ts';
import { claimsOf, renderDefaultRole } from './claims.ts';
import type { Profile } from './profile.ts';

const policy = { allowed: [], own: undefined };
const A = 'arn:aws:iam::111122223333:role/a';
const B = 'arn:aws:iam::111122223333:role/b';
const profile = (...specs: readonly Json[]): Profile => ({
  metadata: { name: 'user-a' },
  spec: {
    owner: { kind: 'User', name: 'alice smith@example.com' },
    plugins: specs.map((spec) => ({ kind: 'AwsIamForServiceAccount', spec })),
  },
});
const short = (of: Profile, defaultRole?: string) => {
  const { claims, problems } = claimsOf(of, policy, defaultRole);
  return [claims.map((claim) => [claim.subject, claim.role.text, claim.mode]), problems.map((problem) => problem.reason)];
};

describe('claimsOf', () => {
  it('is one subject per service account', () => {
    expect(short(profile({ awsIamRole: A, serviceAccounts: ['default-editor', 'default'] }))).toEqual([
      [
        ['system:serviceaccount:user-a:default-editor', A, 'trust'],
        ['system:serviceaccount:user-a:default', A, 'trust'],
      ],
      [],
    ]);
  });

  it('gives a service account its first role and reports another one', () => {
    expect(short(profile({ awsIamRole: A }, { awsIamRole: B }, { awsIamRole: A }))).toEqual([
      [['system:serviceaccount:user-a:default-editor', A, 'trust']],
      ['PluginRepeated'],
    ]);
  });

  it('serves ten service accounts and says that there are more, in the same words for any number', () => {
    const many = (count: number): readonly Json[] =>
      Array.from({ length: count }, (_, index) => ({
        awsIamRole: `arn:aws:iam::111122223333:role/r${index}`,
        serviceAccounts: [`a${index}`],
      }));
    expect(claimsOf(profile(...many(10)), policy, undefined)).toMatchObject({ claims: { length: 10 }, problems: [] });
    const { claims, problems } = claimsOf(profile(...many(5_000)), policy, undefined);
    expect(claims.map(({ serviceAccount }) => serviceAccount)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9']);
    expect(problems).toEqual([
      {
        path: '/spec/plugins',
        reason: 'ServiceAccountsTooMany',
        message: 'more than 10 service accounts are given a role, the first 10 have it: leave out the others, or make another profile',
      },
    ]);
  });

  it('lets no name that is no service account into a subject', () => {
    expect(short(profile({ awsIamRole: A, serviceAccounts: ['*', 'a:b', 'ok'] }))).toEqual([
      [['system:serviceaccount:user-a:ok', A, 'trust']],
      ['ServiceAccountIllegal', 'ServiceAccountIllegal'],
    ]);
  });

  it.each(['$\u007bAWS_ACCOUNT_ID}', '<role-arn>', '$(ROLE)'])('tells a placeholder from a typo: %s', (awsIamRole) => {
    expect(short(profile({ awsIamRole }))).toEqual([[], ['RoleArnPlaceholder']]);
  });

  it('fills in the default role only where no AWS plugin is named', () => {
    const template = 'arn:aws:iam::111122223333:role/{namespace}';
    expect(short(profile(), template)).toEqual([
      [['system:serviceaccount:user-a:default-editor', 'arn:aws:iam::111122223333:role/user-a', 'trust']],
      [],
    ]);
    expect(short(profile({ awsIamRole: A }), template)).toEqual([[['system:serviceaccount:user-a:default-editor', A, 'trust']], []]);
    expect(short(profile({}), template)).toEqual([[], ['RoleArnMissing']]);
  });

  it('makes owners fit into role names', () => {
    expect(renderDefaultRole('role/{owner}', profile())).toBe('role/alice-smith@example.com');
  });

  it('has no claims for a name that no namespace can have', () => {
    expect(claimsOf({ ...profile({ awsIamRole: A }), metadata: { name: 'user.a' } }, policy, undefined)).toEqual({
      claims: [],
      problems: [],
    });
  });
});
