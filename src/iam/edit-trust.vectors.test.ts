import { describe, expect, it } from 'vitest';
import {
  AUD,
  CLOSED,
  doc,
  EC2,
  edit,
  I,
  legacy,
  OPEN,
  ours,
  P,
  SID,
  sa1,
  sa2,
  statements,
  tryEdit,
  WEB,
} from '../../test/support/edit-trust-fixture.ts';
import { closedTrustDocument } from './trust-document.ts';

describe("upstream's vectors", () => {
  const subjectsOf = (document: string): unknown =>
    (statements(document)[0] as { Condition: { StringEquals: Record<string, unknown> } }).Condition.StringEquals[`${I}:sub`];

  it('V1: adds the subject to a statement that asks for the audience only, which closes it', () => {
    const { document } = edit(doc(legacy({ [`${I}:aud`]: [AUD] })), { desired: [sa1] });
    expect(statements(document)).toEqual([{ Sid: SID, ...legacy({ [`${I}:aud`]: [AUD], [`${I}:sub`]: [sa1] }) }]);
  });

  it('V2: adds to an empty list', () => {
    const { document } = edit(doc(legacy({ [`${I}:aud`]: [AUD], [`${I}:sub`]: [] })), { desired: [sa1] });
    expect(statements(document)).toEqual([{ Sid: SID, ...legacy({ [`${I}:aud`]: [AUD], [`${I}:sub`]: [sa1] }) }]);
  });

  it('V3: appends', () => {
    const { document } = edit(doc(legacy({ [`${I}:aud`]: [AUD], [`${I}:sub`]: [sa2] })), { desired: [sa1] });
    expect(subjectsOf(document)).toEqual([sa2, sa1]);
  });

  it('V4: removes one of two and, unlike upstream, leaves the action in the form it had', () => {
    const result = edit(doc(legacy({ [`${I}:aud`]: [AUD], [`${I}:sub`]: [sa1, sa2] }, [WEB])), { revoked: [sa2] });
    expect(statements(result.document)).toEqual([{ Sid: SID, ...legacy({ [`${I}:aud`]: [AUD], [`${I}:sub`]: [sa1] }, [WEB]) }]);
    expect(result.removed).toEqual([sa2]);
  });

  it('V5: the last removal closes the role, where upstream leaves it open to the cluster (the law wins)', () => {
    const result = edit(doc(legacy({ [`${I}:aud`]: [AUD], [`${I}:sub`]: [sa2] }, [WEB])), { revoked: [sa2] });
    expect(result.document).toBe(closedTrustDocument(P));
  });
});

describe('vectors where upstream loses or opens something', () => {
  it('N1: removing the last subject removes our statement when another remains, else denies the provider', () => {
    expect(statements(edit(doc(ours([sa1]), EC2), { revoked: [sa1] }).document)).toEqual([EC2]);
    expect(statements(edit(doc(ours([sa1])), { revoked: [sa1] }).document)).toEqual([CLOSED]);
  });

  it('N2: keeps a second statement letter for letter', () => {
    const second =
      '{"Sid":"Mine","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":3600.0,"1":12345678901234567890}}}';
    const { document } = edit(`{"Version":"2012-10-17","Statement":[${JSON.stringify(ours([sa1]))},${second}]}`, { desired: [sa1, sa2] });
    expect(document).toBe(`{"Version":"2012-10-17","Statement":[${JSON.stringify(ours([sa1, sa2]))},${second}]}`);
  });

  it('N3: finds ours behind another statement', () => {
    expect(statements(edit(doc(EC2, ours([sa1])), { desired: [sa1, sa2] }).document)).toEqual([EC2, ours([sa1, sa2])]);
  });

  it('N4, N5: leaves a wildcard statement alone and writes or removes its own', () => {
    const wildcard = { ...OPEN, Condition: { StringLike: { [`${I}:sub`]: 'system:serviceaccount:*:default-editor' } } };
    expect(statements(edit(doc(wildcard), { desired: [sa1] }).document)).toEqual([wildcard, ours([sa1])]);
    const revoked = edit(doc(wildcard, ours(['system:serviceaccount:ns1:default-editor'])), {
      revoked: ['system:serviceaccount:ns1:default-editor'],
    });
    expect(statements(revoked.document)).toEqual([wildcard]);
    expect(revoked.warnings.map((warning) => warning.code)).toEqual(['still-admitted']);
    expect(edit(doc(wildcard), { revoked: [sa1] }).changed).toBe(false);
  });

  it('N6: never turns a Deny into an Allow', () => {
    const deny = { ...legacy({ [`${I}:sub`]: [sa2] }), Effect: 'Deny' };
    const result = edit(doc(deny), { desired: [sa1] });
    expect(statements(result.document)).toEqual([deny, ours([sa1])]);
    expect(edit(doc(deny), { desired: [sa2] }).warnings.map((warning) => warning.code)).toEqual(['denied-elsewhere']);
  });

  it('N7: takes a statement that is an object for a list of one', () => {
    const { document } = edit(JSON.stringify({ Version: '2012-10-17', Statement: ours([sa1]) }), { desired: [sa1, sa2] });
    expect(JSON.parse(document)).toEqual({ Version: '2012-10-17', Statement: ours([sa1, sa2]) });
  });

  it('N8: a single subject as a string', () => {
    const { document } = edit(doc(legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: sa1 })), { desired: [sa1, sa2] });
    expect(statements(document)).toEqual([ours([sa1, sa2])]);
  });

  it('N9: a provider in an array of one', () => {
    const one = { ...ours([sa1]), Principal: { Federated: [P] } };
    expect(statements(edit(doc(one), { desired: [sa1, sa2] }).document)).toEqual([{ ...ours([sa1, sa2]), Principal: { Federated: [P] } }]);
  });

  it('N10: a subject without audience: no write, a warning, and the audience comes with the next subject', () => {
    const unbound = doc(legacy({ [`${I}:sub`]: [sa1] }));
    const kept = edit(unbound, { desired: [sa1] });
    expect([kept.changed, kept.document, kept.warnings.map((warning) => warning.code)]).toEqual([false, unbound, ['audience-unbound']]);
    expect(statements(edit(unbound, { desired: [sa1, sa2] }).document)).toEqual([
      { Sid: SID, ...legacy({ [`${I}:sub`]: [sa1, sa2], [`${I}:aud`]: AUD }) },
    ]);
    expect(statements(edit(doc(legacy({ [`${I}:sub`]: [sa1, sa2] })), { revoked: [sa2] }).document)).toEqual([
      { Sid: SID, ...legacy({ [`${I}:sub`]: [sa1] }) },
    ]);
  });

  it('N11: removing an absent subject writes nothing', () => {
    const document = ` ${doc(ours([sa1]))}\n`;
    expect(edit(document, { desired: [sa1], revoked: [sa2] })).toMatchObject({ changed: false, document, removed: [] });
  });

  it('N12: keeps extra conditions, actions and the Sid of our statement', () => {
    const rich = ours([sa1], {
      Action: [WEB, 'sts:TagSession'],
      Condition: {
        StringEquals: { [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1], 'aws:SourceVpc': 'vpc-1' },
        Bool: { 'aws:SecureTransport': true },
      },
    });
    const { document } = edit(doc(rich), { desired: [sa1, sa2] });
    expect(statements(document)).toEqual([
      {
        ...rich,
        Condition: {
          StringEquals: { [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1, sa2], 'aws:SourceVpc': 'vpc-1' },
          Bool: { 'aws:SecureTransport': true },
        },
      },
    ]);
  });

  it('N12: a statement with a Sid of its own is not taken over', () => {
    const theirs = { Sid: 'Theirs', ...legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa2] }) };
    const result = edit(doc(theirs), { desired: [sa1], revoked: [sa2] });
    expect(statements(result.document)).toEqual([theirs, ours([sa1])]);
    expect(result.warnings.map((warning) => warning.code)).toEqual(['still-admitted']);
  });

  it.each([
    ['not JSON', '{"Version"', 'unreadable'],
    ['a trailing comma', '{"Version":"2012-10-17","Statement":[{},]}', 'unreadable'],
    ['no statement', '{"Version":"2012-10-17","Statement":[]}', 'unreadable'],
    ['a duplicate key', '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}', 'unreadable'],
    ['an unknown operator', doc({ ...OPEN, Condition: { StringSounds: { a: 'b' } } }), 'unreadable'],
  ])('N13: refuses %s', (_, document, reason) => {
    expect(tryEdit(document, { desired: [sa1] })).toMatchObject({ kind: 'refused', reason });
  });

  it('N14: writes a subject once in our statement, but not for that alone', () => {
    expect(statements(edit(doc(ours([sa2, sa2])), { desired: [sa1, sa2] }).document)).toEqual([ours([sa2, sa1])]);
    expect(edit(doc(ours([sa2, sa2])), { desired: [sa2] }).changed).toBe(false);
  });
});
