import { describe, expect, it } from 'vitest';
import {
  AUD,
  CLOSED,
  doc,
  EC2,
  edit,
  I,
  legacy,
  ours,
  P,
  SID,
  sa1,
  sa2,
  sa3,
  statements,
  tryEdit,
} from '../../test/support/edit-trust-fixture.ts';
import { policySize } from './policy-size.ts';
import { trustDocument } from './trust-document.ts';

const OTHER_AUD = 'https://oidc.example.com/a-second-client-of-this-provider';

describe('a grant beside a legacy statement without audience', () => {
  const bound = legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1] });
  const unbound = legacy({ [`${I}:sub`]: [sa2] });

  it('binds that one as well, though the subject goes elsewhere', () => {
    const wish = { registeredAudiences: [AUD, 'other'], desired: [sa1, sa2, sa3] };
    expect(statements(edit(doc(bound, unbound), wish).document)).toEqual([
      ours([sa1, sa3]),
      legacy({ [`${I}:sub`]: [sa2], [`${I}:aud`]: [AUD, 'other'] }),
    ]);
  });

  it('merges the two where the provider knows no other audience', () => {
    expect(statements(edit(doc(bound, unbound), { desired: [sa1, sa2, sa3] }).document)).toEqual([ours([sa1, sa2, sa3])]);
  });

  it('leaves it unbound in a write that only revokes', () => {
    const wish = { registeredAudiences: [AUD, 'other'], desired: [sa2], revoked: [sa1] };
    expect(statements(edit(doc(bound, unbound), wish).document)).toEqual([{ Sid: SID, ...unbound }]);
  });
});

describe('a statement that a grant takes over', () => {
  it('stands where the first of those it was made of stood', () => {
    const open = legacy({ [`${I}:aud`]: AUD });
    const named = legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1] });
    expect(statements(edit(doc(open, EC2, named), { desired: [sa1, sa2] }).document)).toEqual([ours([sa1, sa2]), EC2]);
    expect(statements(edit(doc(named, EC2, open), { desired: [sa1, sa2] }).document)).toEqual([ours([sa1, sa2]), EC2]);
  });
});

describe('a quota that a statement for longer audiences does not leave', () => {
  const fresh = trustDocument({ providerArn: P, sid: SID, audience: AUD, subjects: [sa1] });
  const emptied = legacy({ [`${I}:aud`]: OTHER_AUD, [`${I}:sub`]: [sa3] });

  it.each([
    ['under a closing Deny', doc(CLOSED, emptied)],
    ['alone', doc(emptied)],
  ])('suffices once that statement lost its last subject and is gone: %s', (_where, before) => {
    const wish = { registeredAudiences: [AUD, OTHER_AUD], desired: [sa1], revoked: [sa3], quota: policySize(fresh) };
    expect(edit(before, wish)).toMatchObject({ document: fresh, admitted: [sa1], refused: [], removed: [sa3] });
    expect(edit(before, { ...wish, quota: wish.quota - 1 })).toMatchObject({
      document: doc(CLOSED),
      refused: [{ subject: sa1, reason: 'trust-policy-full' }],
      removed: [sa3],
    });
  });
});

describe('our Sid on a statement with a further condition', () => {
  const withCondition = (condition: object): string =>
    doc(ours([sa1], { Condition: { StringEquals: { [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1] }, ...condition } }));

  it.each([
    ['never holds, for its key is of another issuer', { StringLike: { 'oidc.example.com/id/OTHER:sub': 'system:serviceaccount:ns1:*' } }],
    ['never holds, for AWS does not publish its key', { StringLike: { [`${I}:groups`]: 'admins' } }],
    ['never holds, for its key is a list', { StringEqualsIgnoreCase: { [`${I}:amr`]: 'authenticated' } }],
    ['holds unasked', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } }],
  ])('that %s is refused', (_what, condition) => {
    expect(tryEdit(withCondition(condition), { desired: [sa1, sa2] })).toMatchObject({ kind: 'refused', reason: 'own-statement-altered' });
  });

  it('that can hold and can fail is kept', () => {
    const network = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
    expect(edit(withCondition(network), { desired: [sa1, sa2] })).toMatchObject({ changed: true, admitted: [sa1, sa2] });
  });
});

describe('a statement that only looks like a legacy one', () => {
  it.each([
    ['a member that upstream does not write', { Resource: '*' }],
    ['an empty Sid', { Sid: '' }],
  ])('for it has %s is left alone', (_what, more) => {
    const theirs = { ...legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa2] }), ...more };
    expect(statements(edit(doc(theirs), { desired: [sa1], revoked: [sa2] }).document)).toEqual([theirs, ours([sa1])]);
  });
});
