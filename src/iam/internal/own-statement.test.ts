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
  WEB,
} from '../../../test/support/edit-trust-fixture.ts';

const NETWORK = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
const narrowed = (subjects: string[]): object => ({
  ...ours(subjects),
  Condition: { StringEquals: { [`${I}:aud`]: AUD, [`${I}:sub`]: subjects }, ...NETWORK },
});

describe('a statement with our Sid', () => {
  const { Action: _, ...withoutAction } = ours([sa1]) as { readonly Action: string };

  it.each([
    ['has a principal of another kind', { ...ours([sa1]), Principal: { Federated: P, AWS: '34892524' } }, 'sid-on-other-provider'],
    ['allows every action but ours', { ...withoutAction, NotAction: WEB }, 'own-statement-altered'],
    ['spells the subject twice', { Sid: SID, ...legacy({ [`${I}:sub`]: [sa1, sa2], [`${I}:Sub`]: [sa1] }) }, 'own-statement-altered'],
    [
      'spells the audience twice',
      { Sid: SID, ...legacy({ [`${I}:sub`]: [sa1], [`${I}:aud`]: AUD, [`${I}:Aud`]: AUD }) },
      'own-statement-altered',
    ],
  ])('is refused when it %s', (_name, statement, reason) => {
    expect(tryEdit(doc(statement), { desired: [sa1], revoked: [sa2] })).toMatchObject({ kind: 'refused', reason });
  });

  it('keeps a further condition when an open legacy statement before it goes', () => {
    const { document } = edit(doc(legacy({ [`${I}:aud`]: AUD }), narrowed([sa1])), { desired: [sa1, sa2] });
    expect(statements(document)).toEqual([narrowed([sa1, sa2])]);
  });

  it('keeps a further condition to itself, whatever else is ours', () => {
    const plain = legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa2] });
    const wish = { desired: [sa1, sa2, sa3] };
    expect(statements(edit(doc(plain, narrowed([sa1])), wish).document)).toEqual([plain, narrowed([sa1, sa3])]);
    expect(statements(edit(doc(narrowed([sa1]), plain), wish).document)).toEqual([narrowed([sa1, sa3]), plain]);
  });
});

describe('a statement without a Sid', () => {
  it.each([
    ['another condition', { Condition: { StringEquals: { [`${I}:sub`]: sa1 }, ...NETWORK } }],
    ['another action', { Action: [WEB, 'sts:TagSession'] }],
  ])('is not ours when it has %s', (_name, more) => {
    const theirs = { ...legacy({ [`${I}:sub`]: sa1 }), ...more };
    expect(edit(doc(theirs), { revoked: [sa1] })).toMatchObject({ changed: false, removed: [] });
    expect(statements(edit(doc(theirs, EC2), { desired: [sa2] }).document)).toEqual([theirs, EC2, ours([sa2])]);
  });
});

describe('a Deny with the Sid of a closed role', () => {
  it.each([
    ['a condition', { Condition: { StringEquals: { [`${I}:sub`]: sa2 } } }],
    ['further actions', { Action: [WEB, 'sts:TagSession'] }],
  ])('is not ours when it has %s', (_name, more) => {
    const theirs = { ...CLOSED, ...more };
    expect(statements(edit(doc(theirs), { desired: [sa1] }).document)).toEqual([theirs, ours([sa1])]);
  });
});
