import { describe, expect, it } from 'vitest';
import { openStatements } from './open-statements.ts';
import { policySize } from './policy-size.ts';
import { parseSubject, subjectOf } from './service-account-subject.ts';
import { closedTrustDocument, trustDocument } from './trust-document.ts';
import { validateTrustForWrite } from './validate-trust.ts';

const I = 'oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF';
const P = `arn:aws:iam::111122223333:oidc-provider/${I}`;
const subjects = ['system:serviceaccount:user-a:default-editor', 'system:serviceaccount:user-b:default-editor'];

describe('trust documents we write first', () => {
  it('has the classical shape: one statement, audience, list of subjects', () => {
    expect(JSON.parse(trustDocument({ providerArn: P, audience: 'sts.amazonaws.com', subjects }))).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: P },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: { StringEquals: { [`${I}:aud`]: 'sts.amazonaws.com', [`${I}:sub`]: subjects } },
        },
      ],
    });
  });

  it('is closed without subjects, and IAM stores it', () => {
    const closed = trustDocument({ providerArn: P, audience: 'sts.amazonaws.com', subjects: [] });
    expect(closed).toBe(closedTrustDocument(P));
    expect(validateTrustForWrite(closed)).toEqual({ ok: true });
  });

  it('costs 40 characters and the namespace for each further subject', () => {
    const size = (count: number): number =>
      policySize(
        trustDocument({
          providerArn: P,
          audience: 'sts.amazonaws.com',
          subjects: Array.from({ length: count }, (_, i) => `system:serviceaccount:team-${i}xx:default-editor`),
        }),
      );
    expect(size(3) - size(2)).toBe(40 + 'team-0xx'.length);
  });
});

describe('service account subjects', () => {
  it('are read back as they were made', () => {
    expect(parseSubject(subjectOf({ namespace: 'a', name: 'b.c-d' }))).toEqual({ namespace: 'a', name: 'b.c-d' });
  });

  it.each([
    '',
    'a',
    'system:serviceaccount:a:b:c',
    'system:serviceaccount:a.b:c',
    'system:serviceaccount:a:B',
    'system:serviceaccount:a:b.',
    `system:serviceaccount:a:${'b'.repeat(254)}`,
    'system:serviceaccount:a:b\n',
  ])('%j is none', (text) => {
    expect(parseSubject(text)).toBeUndefined();
  });
});

describe('open statements', () => {
  const text = (condition: unknown): string =>
    JSON.stringify({
      Statement: [
        { Sid: 'S', Effect: 'Allow', Principal: { Federated: P }, Action: 'sts:AssumeRoleWithWebIdentity', Condition: condition },
      ],
    });

  it('are found by their place', () => {
    expect(openStatements(text({ StringEquals: { [`${I}:aud`]: 'b' } }), P, ['a', 'b'])).toEqual({
      ok: true,
      open: [{ index: 0, path: '/Statement/0', sid: 'S' }],
    });
  });

  it('are not those whose audience nobody can have', () => {
    expect(openStatements(text({ StringEquals: { [`${I}:aud`]: 'x' } }), P, ['a'])).toEqual({ ok: true, open: [] });
  });

  it('are found though a Deny covers them', () => {
    const both = JSON.stringify({
      Statement: [
        ...(JSON.parse(text({})) as { Statement: object[] }).Statement,
        ...(JSON.parse(closedTrustDocument(P)) as { Statement: object[] }).Statement,
      ],
    });
    expect(openStatements(both, P, ['a'])).toMatchObject({ open: [{ index: 0 }] });
  });

  it('cannot be told of what cannot be read', () => {
    expect(openStatements('', P, [])).toMatchObject({ ok: false });
  });

  it('are not fooled by a document that names the stranger', () => {
    const named = text({ StringNotEquals: { [`${I}:sub`]: 'system:serviceaccount:zq-stranger-0:zq-stranger-0-account' } });
    expect(openStatements(named, P, ['a'])).toMatchObject({ open: [{ index: 0 }] });
  });
});
