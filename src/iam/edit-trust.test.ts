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
  OTHER,
  ours,
  P,
  SID,
  sa1,
  sa2,
  sa3,
  statements,
  tryEdit,
  WEB,
} from '../../test/support/edit-trust-fixture.ts';
import { closedTrustDocument, trustDocument } from './trust-document.ts';

describe('whose statement is it', () => {
  it('merges several legacy statements into the first', () => {
    const { document } = edit(
      doc(legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1] }), EC2, legacy({ [`${I}:sub`]: sa2, [`${I}:aud`]: [AUD] })),
      { desired: [sa1, sa2, sa3] },
    );
    expect(statements(document)).toEqual([ours([sa1, sa2, sa3]), EC2]);
  });

  it('does not merge statements that ask for different audiences, since that would admit somebody new', () => {
    const second = legacy({ [`${I}:aud`]: 'other', [`${I}:sub`]: [sa2] });
    const wish = { registeredAudiences: [AUD, 'other'], desired: [sa1, sa3] };
    expect(statements(edit(doc(legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1] }), second), wish).document)).toEqual([
      ours([sa1, sa3]),
      second,
    ]);
  });

  it('binds a statement without audience to every registered one, so that nobody in it loses', () => {
    const { document } = edit(doc(legacy({ [`${I}:sub`]: [sa1] })), { registeredAudiences: ['other', AUD], desired: [sa1, sa2] });
    expect(statements(document)).toEqual([{ Sid: SID, ...legacy({ [`${I}:sub`]: [sa1, sa2], [`${I}:aud`]: [AUD, 'other'] }) }]);
  });

  it('asks our statement for a new audience only while everybody in it is desired', () => {
    const old = doc({ ...ours([sa1]), ...legacy({ [`${I}:aud`]: 'old', [`${I}:sub`]: [sa1] }) });
    expect(statements(edit(old, { desired: [sa1, sa2] }).document)).toEqual([
      { Sid: SID, ...legacy({ [`${I}:aud`]: ['old', AUD], [`${I}:sub`]: [sa1, sa2] }) },
    ]);
    expect(edit(old, { desired: [sa2] })).toMatchObject({ changed: false, refused: [{ subject: sa2, reason: 'audience-conflict' }] });
  });

  it.each([
    ['on the statement of another provider', doc({ ...ours([sa1]), Principal: { Federated: OTHER } }), 'sid-on-other-provider'],
    ['on a statement with a second provider', doc({ ...ours([sa1]), Principal: { Federated: [P, OTHER] } }), 'sid-on-other-provider'],
    ['on two statements', doc(ours([sa1]), ours([sa2])), 'sid-copied'],
    ['on a Deny', doc({ ...ours([sa1]), Effect: 'Deny' }), 'own-statement-altered'],
    [
      'on a statement that binds the subject by StringLike',
      doc({ ...ours([]), Condition: { StringLike: { [`${I}:sub`]: '*' } } }),
      'own-statement-altered',
    ],
    ['on a statement whose subject is a policy variable', doc(ours([`\${${I}:sub}`])), 'own-statement-altered'],
  ])('refuses our Sid %s', (_, document, reason) => {
    expect(tryEdit(document, { desired: [sa1], revoked: [sa2] })).toMatchObject({ kind: 'refused', reason });
  });

  it('reports subjects that nobody asked it to admit', () => {
    expect(edit(doc(ours([sa2])), { desired: [sa1] })).toMatchObject({ admitted: [sa1], foreign: [sa2], removed: [], refused: [] });
  });

  it('keeps a subject that is both desired and revoked', () => {
    expect(edit(doc(ours([sa1])), { desired: [sa1], revoked: [sa1] })).toMatchObject({ changed: false, admitted: [sa1] });
  });

  it.each([
    'system:serviceaccount:*:x',
    'system:serviceaccount:ns1',
    'system:serviceaccount:NS:x',
    `system:serviceaccount:${'n'.repeat(64)}:x`,
    'system:serviceaccount:a:b:c',
    '',
  ])('refuses %j as a subject to admit', (subject) => {
    expect(tryEdit(doc(EC2), { desired: [subject] })).toMatchObject({ kind: 'refused', reason: 'invalid-input' });
  });
});

describe('open roles', () => {
  it('refuses grants beside an open Allow, revokes all the same, and says so', () => {
    const result = edit(doc(OPEN, ours([sa1, sa2])), { desired: [sa1, sa3], revoked: [sa2] });
    expect(statements(result.document)).toEqual([OPEN, ours([sa1])]);
    expect(result).toMatchObject({ admitted: [sa1], refused: [{ subject: sa3, reason: 'role-open' }], removed: [sa2] });
    expect(result.warnings.map((warning) => warning.code)).toEqual(['role-open', 'still-admitted']);
  });

  const NAMES_SA2 = { [`${I}:sub`]: sa2 };
  it.each([
    ['a session name', { StringEquals: { ...NAMES_SA2, 'sts:RoleSessionName': 's1' } }],
    ['a network', { StringEquals: NAMES_SA2, IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }],
    ['a session name that stands in the subject', { StringEquals: { [`${I}:sub`]: sa2.replace(/[^:]+$/, `\${sts:RoleSessionName}`) } }],
  ])('says that a revoked subject can still come in by a foreign statement that asks for %s', (_, Condition) => {
    const theirs = { ...OPEN, Sid: 'Theirs', Condition };
    const result = edit(doc(theirs, ours([sa1, sa2])), { desired: [sa1], revoked: [sa2] });
    expect(statements(result.document)).toEqual([theirs, ours([sa1])]);
    expect(result.warnings).toEqual([{ code: 'still-admitted', message: `${sa2} is revoked but another statement still lets it in` }]);
  });

  it.each([
    ['whatever the circumstances', {}, []],
    ['in some circumstances only', { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, ['still-admitted']],
  ])('knows whether a Deny keeps a revoked subject out %s', (_, circumstances, expected) => {
    const allow = { ...OPEN, Sid: 'Theirs', Condition: { StringEquals: { ...NAMES_SA2, 'sts:RoleSessionName': 's1' } } };
    const deny = { ...OPEN, Sid: 'No', Effect: 'Deny', Condition: { StringEquals: NAMES_SA2, ...circumstances } };
    const result = edit(doc(allow, deny, ours([sa1, sa2])), { desired: [sa1], revoked: [sa2] });
    expect(result.warnings.map((warning) => warning.code)).toEqual(expected);
  });

  it.each([
    ['an audience only, beside a Sid', { Sid: 'A', ...legacy({ [`${I}:aud`]: AUD }) }],
    ['a negated subject', { ...OPEN, Condition: { StringNotEquals: { [`${I}:sub`]: sa1 } } }],
    ['a wildcard', { ...OPEN, Condition: { StringLike: { [`${I}:sub`]: 'system:serviceaccount:*' } } }],
    ['a session name', { ...OPEN, Condition: { StringEquals: { 'sts:RoleSessionName': 's1' } } }],
    ['a network', { ...OPEN, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }],
    ['a subject compared with itself', { ...OPEN, Condition: { StringEquals: { [`${I}:sub`]: `\${${I}:sub}` } } }],
    ['a misspelt key with IfExists', { ...OPEN, Condition: { StringEqualsIfExists: { [`${I}:subject`]: sa1 } } }],
    ['every provider but another', { Effect: 'Allow', NotPrincipal: { Federated: OTHER }, Action: WEB }],
    ['every action but one', { Effect: 'Allow', Principal: { Federated: P }, NotAction: 'sts:AssumeRole' }],
  ])('takes a statement bound by %s for open', (_, statement) => {
    expect(edit(doc(statement), { desired: [sa1] })).toMatchObject({ changed: false, refused: [{ subject: sa1, reason: 'role-open' }] });
  });

  it('reports an Allow that is open to another provider, and grants', () => {
    const result = edit(doc({ ...OPEN, Principal: { Federated: OTHER } }), { desired: [sa1] });
    expect([result.admitted, result.warnings.map((warning) => warning.code)]).toEqual([[sa1], ['open-to-other-provider']]);
  });

  it('closes a legacy statement without subjects as soon as it grants or revokes, not before', () => {
    const open = doc(legacy({ [`${I}:aud`]: [AUD] }));
    const idle = edit(open, {});
    expect([idle.changed, idle.warnings.map((warning) => warning.code)]).toEqual([false, ['open-until-write']]);
    expect(edit(open, { revoked: [sa1] }).document).toBe(closedTrustDocument(P));
  });
});

describe('closed roles', () => {
  it('drops the closing Deny in the document that carries the first Allow', () => {
    expect(edit(closedTrustDocument(P), { desired: [sa1] }).document).toBe(
      trustDocument({ providerArn: P, sid: SID, audience: AUD, subjects: [sa1] }),
    );
  });

  it('keeps the closing Deny without a grant, and reports what it overrides', () => {
    const theirs = { Sid: 'Theirs', ...legacy({ [`${I}:sub`]: [sa2] }) };
    const result = edit(doc(CLOSED, theirs), { revoked: [sa1] });
    expect([result.changed, result.warnings.map((warning) => warning.code)]).toEqual([false, ['closed-overrides']]);
  });

  it('leaves the closing Deny of another provider', () => {
    const other = { ...CLOSED, Principal: { Federated: OTHER } };
    expect(statements(edit(doc(other), { desired: [sa1] }).document)).toEqual([other, ours([sa1])]);
    expect(statements(edit(doc(other, ours([sa1])), { revoked: [sa1] }).document)).toEqual([other]);
  });

  it('keeps Id, version and unknown members of a document that it closes', () => {
    const document = JSON.stringify({ Version: '2008-10-17', Id: 'mine', Statement: [ours([sa1])], Note: { a: 1 } });
    expect(JSON.parse(edit(document, { revoked: [sa1] }).document)).toEqual({
      Version: '2008-10-17',
      Id: 'mine',
      Statement: [CLOSED],
      Note: { a: 1 },
    });
  });
});

describe('the quota', () => {
  const subjects = Array.from({ length: 40 }, (_, index) => `system:serviceaccount:team-${String(index).padStart(2, '0')}:default-editor`);

  it('admits in order of priority as far as the characters go', () => {
    const result = edit(closedTrustDocument(P), { desired: subjects });
    expect(result.size).toBeLessThanOrEqual(2048);
    expect(result.admitted).toEqual(subjects.slice(0, result.admitted.length));
    expect(result.refused).toEqual(subjects.slice(result.admitted.length).map((subject) => ({ subject, reason: 'trust-policy-full' })));
    expect(edit(closedTrustDocument(P), { desired: subjects, quota: 'off' }).admitted).toEqual(subjects);
  });

  it('takes nothing from who is admitted already, even if others come first', () => {
    const full = edit(closedTrustDocument(P), { desired: subjects });
    const result = edit(full.document, { desired: [...subjects].reverse() });
    expect([result.changed, [...result.admitted].sort()]).toEqual([false, full.admitted]);
  });

  it('adopts without the Sid when only the Sid would not fit', () => {
    const before = doc(legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1] }));
    const grown = doc(legacy({ [`${I}:aud`]: AUD, [`${I}:sub`]: [sa1, sa2] }));
    expect(edit(before, { desired: [sa1, sa2], quota: grown.length }).document).toBe(grown);
    expect(edit(before, { desired: [sa1, sa2], quota: grown.length + `"Sid":"${SID}",`.length }).document).toBe(doc(ours([sa1, sa2])));
  });

  it('still revokes from a document that is over the quota', () => {
    expect(edit(doc(ours([sa1, sa2])), { desired: [sa1], revoked: [sa2], quota: 10 })).toMatchObject({ changed: true, removed: [sa2] });
  });
});
