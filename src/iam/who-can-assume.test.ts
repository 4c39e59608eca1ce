import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateTrust } from './evaluate-trust.ts';
import { subjectOf } from './service-account-subject.ts';
import { type WhoCanAssume, whoCanAssume } from './who-can-assume.ts';

const I = 'oidc.example.com/id/A1';
const P = `arn:aws:iam::123456789012:oidc-provider/${I}`;
const accounts = ['team-a', 'team-b', 'kube-system'].flatMap((namespace) =>
  ['default', 'default-editor'].map((name) => ({ namespace, name })),
);
const statement = (condition: unknown, more: object = {}): object => ({
  Effect: 'Allow',
  Principal: { Federated: P },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: condition,
  ...more,
});
const policy = (...statements: readonly object[]): object => ({ Version: '2012-10-17', Statement: statements });
const ask = (document: object, audiences = ['sts.amazonaws.com']): Extract<WhoCanAssume, { ok: true }> => {
  const answer = whoCanAssume(document, { providerArn: P, audiences, serviceAccounts: accounts });
  if (!answer.ok) throw new Error(answer.problem.message);
  return answer;
};
const names = (document: object): readonly string[] =>
  ask(document).admitted.map((one) => one.subject.replace('system:serviceaccount:', ''));

describe('who can assume a role', () => {
  it('lists named subjects, and those that are named but do not exist', () => {
    const answer = ask(
      policy(
        statement({
          StringEquals: { [`${I}:sub`]: ['system:serviceaccount:team-a:default-editor', 'system:serviceaccount:gone:default-editor'] },
        }),
      ),
    );
    expect(answer).toEqual({
      ok: true,
      admitted: [{ subject: 'system:serviceaccount:team-a:default-editor', audiences: ['sts.amazonaws.com'], circumstances: [] }],
      beyond: [{ kind: 'absent', statement: 0, subject: 'system:serviceaccount:gone:default-editor' }],
    });
  });

  it('gives the shape of what a wildcard would admit', () => {
    const over = policy(statement({ StringLike: { [`${I}:sub`]: 'system:serviceaccount:*:default-editor' } }));
    expect(names(over)).toEqual(['team-a:default-editor', 'team-b:default-editor', 'kube-system:default-editor']);
    expect(ask(over).beyond).toEqual([
      { kind: 'pattern', statement: 0, pattern: 'system:serviceaccount:*:default-editor', reach: 'namespaces' },
    ]);
    const within = policy(statement({ StringLike: { [`${I}:sub`]: 'system:serviceaccount:team-a:*' } }));
    expect(ask(within).beyond).toEqual([{ kind: 'pattern', statement: 0, pattern: 'system:serviceaccount:team-a:*', reach: 'accounts' }]);
  });

  it('says when everyone is let in', () => {
    const answer = ask(policy(statement(undefined)));
    expect(answer.admitted).toHaveLength(accounts.length);
    expect(answer.beyond).toEqual([{ kind: 'everyone', statement: 0 }]);
  });

  it('leaves out whom a Deny stops, and names that no longer matter', () => {
    const gone = 'system:serviceaccount:gone:x';
    const document = policy(
      statement({ StringLike: { [`${I}:sub`]: ['system:serviceaccount:team-a:*', gone] } }),
      statement({ StringEquals: { [`${I}:sub`]: ['system:serviceaccount:team-a:default', gone] } }, { Effect: 'Deny' }),
    );
    expect(names(document)).toEqual(['team-a:default-editor']);
    expect(ask(document).beyond).toEqual([{ kind: 'pattern', statement: 0, pattern: 'system:serviceaccount:team-a:*', reach: 'accounts' }]);
  });

  it('names the circumstances on which an admission depends', () => {
    const subject = { [`${I}:sub`]: 'system:serviceaccount:team-a:default' };
    const onAllow = policy(statement({ StringEquals: subject, StringLike: { 'sts:RoleSessionName': 'team-a-*' } }));
    expect(ask(onAllow).admitted).toMatchObject([{ circumstances: ['sts:RoleSessionName'] }]);
    const onDeny = policy(
      statement({ StringEquals: subject }),
      statement({ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { Effect: 'Deny' }),
    );
    expect(ask(onDeny).admitted).toMatchObject([{ circumstances: ['aws:SourceIp'] }]);
  });

  it('lists the audiences that work', () => {
    const document = policy(statement({ StringEquals: { [`${I}:sub`]: 'system:serviceaccount:team-a:default', [`${I}:aud`]: 'b' } }));
    expect(ask(document, ['a', 'b']).admitted).toMatchObject([{ audiences: ['b'] }]);
  });

  it('refuses what it cannot read', () => {
    expect(whoCanAssume('{', { providerArn: P, audiences: [], serviceAccounts: [] })).toMatchObject({
      ok: false,
      problem: { code: 'not-json' },
    });
  });

  it('agrees with the evaluator on every service account', () => {
    const value = fc.constantFrom(
      '*',
      'system:serviceaccount:team-a:*',
      'system:serviceaccount:team-b:default',
      'system:serviceaccount:*:default',
    );
    const condition = fc.dictionary(
      fc.constantFrom('StringEquals', 'StringLike', 'StringNotEquals', 'StringNotLike', 'StringLikeIfExists'),
      fc.record({ [`${I}:sub`]: fc.array(value, { maxLength: 2 }) }),
      { maxKeys: 2 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.record({ condition, effect: fc.constantFrom('Allow', 'Allow', 'Deny') }), { minLength: 1, maxLength: 3 }),
        (list) => {
          const document = policy(...list.map((one) => statement(one.condition, { Effect: one.effect })));
          const expected = accounts.map(subjectOf).filter((sub) => {
            const claims = { iss: `https://${I}`, sub, aud: 'sts.amazonaws.com' };
            const request = {
              action: 'sts:AssumeRoleWithWebIdentity',
              account: '1',
              roleArn: 'r',
              providerArn: P,
              issuer: `https://${I}`,
              sessionName: 's',
              claims,
            };
            return evaluateTrust(document, request).verdict === 'allow';
          });
          expect(ask(document).admitted.map((one) => one.subject)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});
