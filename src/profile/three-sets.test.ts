import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateTrust } from '../iam/evaluate-trust.ts';
import { openStatements } from '../iam/open-statements.ts';
import { closedTrustDocument } from '../iam/trust-document.ts';
import { planTrust, type TrustSettings } from './plan-trust.ts';
import type { RoleRecord } from './role-record.ts';
import { threeSets } from './three-sets.ts';

const HOST = 'oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF';
const PROVIDER = `arn:aws:iam::111122223333:oidc-provider/${HOST}`;
const ROLE = 'arn:aws:iam::111122223333:role/a';
const settings: TrustSettings = {
  providerArn: PROVIDER,
  sid: 'Podrole0123456789ab',
  audience: 'sts.amazonaws.com',
  registeredAudiences: ['sts.amazonaws.com'],
  quota: 'off',
};
const NOW = new Date('2026-01-02T00:00:00Z');
const subjectOf = (index: number): string => `system:serviceaccount:team-${index}:default-editor`;
const grant = (index: number) => ({ subject: subjectOf(index), profile: `team-${index}`, uid: `u${index}` });
const empty: RoleRecord = { role: ROLE, provider: PROVIDER, granted: [], tombstones: [], writer: 'p', writtenAt: '', unknown: {} };
const none = { desired: [], revoke: [], undecided: [] };

describe('threeSets', () => {
  it('records every desired subject as granted', () => {
    const sets = threeSets(undefined, { ...none, desired: [grant(2), grant(1)] }, NOW);
    expect(sets).toEqual({ desired: [subjectOf(2), subjectOf(1)], revoked: [], kept: [], granted: [grant(1), grant(2)], tombstones: [] });
  });

  it('makes a tombstone of a granted subject that nobody wants', () => {
    const sets = threeSets({ ...empty, granted: [grant(1)] }, { ...none, revoke: [grant(1)] }, NOW);
    expect(sets.granted).toEqual([]);
    expect(sets.tombstones).toEqual([{ subject: subjectOf(1), profile: 'team-1', revokedAt: NOW.toISOString(), returned: 0 }]);
    expect(sets.revoked).toEqual([subjectOf(1)]);
  });

  it('drops the tombstone of a subject that is wanted again', () => {
    const stone = { subject: subjectOf(1), profile: 'team-1', revokedAt: '2026-01-01T00:00:00Z', returned: 0 };
    const sets = threeSets({ ...empty, tombstones: [stone] }, { ...none, desired: [grant(1)] }, NOW);
    expect([sets.tombstones, sets.revoked, sets.granted]).toEqual([[], [], [grant(1)]]);
  });

  it('forgets a tombstone 24 hours after it was proved gone, not after it was made', () => {
    const stone = (goneAt?: string) => ({
      subject: subjectOf(1),
      profile: 'team-1',
      revokedAt: '2020-01-01T00:00:00Z',
      returned: 0,
      ...(goneAt === undefined ? {} : { goneAt }),
    });
    const left = (goneAt?: string) => threeSets({ ...empty, tombstones: [stone(goneAt)] }, none, NOW).tombstones.length;
    expect([left(), left('2026-01-01T00:00:01Z'), left('2026-01-01T00:00:00Z')]).toEqual([1, 1, 0]);
  });

  it('neither grants nor revokes who is undecided', () => {
    const sets = threeSets({ ...empty, granted: [grant(1)] }, { ...none, undecided: [grant(1)] }, NOW);
    expect([sets.desired, sets.revoked, sets.kept, sets.granted]).toEqual([[], [], [subjectOf(1)], [grant(1)]]);
  });
});

describe('the policy from the three sets, judged by the evaluator', () => {
  const admits = (document: string, subject: string): boolean =>
    evaluateTrust(document, {
      action: 'sts:AssumeRoleWithWebIdentity',
      account: '111122223333',
      roleArn: ROLE,
      providerArn: PROVIDER,
      issuer: `https://${HOST}`,
      sessionName: 's',
      claims: { sub: subject, aud: ['sts.amazonaws.com'], iss: `https://${HOST}` },
    }).verdict === 'allow';
  const allow = (subjects: readonly string[], sid: string | undefined) => ({
    ...(sid === undefined ? {} : { Sid: sid }),
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${HOST}:aud`]: 'sts.amazonaws.com', [`${HOST}:sub`]: subjects } },
  });
  const ec2 = { Sid: 'Ec2', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const indexes = fc.uniqueArray(fc.nat(9), { maxLength: 6 });

  it('admits exactly what was read without the revoked, and the desired; opens nothing; and is stable', () => {
    fc.assert(
      fc.property(
        fc.record({ held: indexes, desired: indexes, granted: indexes, stones: indexes, foreign: fc.boolean(), sid: fc.boolean() }),
        ({ held, desired, granted, stones, foreign, sid }) => {
          const statements = [
            ...(foreign ? [ec2] : []),
            ...(held.length > 0 ? [allow(held.map(subjectOf), sid ? settings.sid : undefined)] : []),
          ];
          const before =
            statements.length === 0 ? closedTrustDocument(PROVIDER) : JSON.stringify({ Version: '2012-10-17', Statement: statements });
          const record: RoleRecord = {
            ...empty,
            granted: granted.map(grant),
            tombstones: stones
              .filter((one) => !granted.includes(one))
              .map((one) => ({ subject: subjectOf(one), profile: `team-${one}`, revokedAt: '2026-01-01T00:00:00Z', returned: 0 })),
          };
          const revoke = record.granted.filter((one) => !desired.map(subjectOf).includes(one.subject));
          const sets = threeSets(record, { desired: desired.map(grant), revoke, undecided: [] }, NOW);
          const plan = planTrust(before, sets, settings);
          if (plan.kind !== 'plan') throw new Error(plan.message);
          for (let index = 0; index <= 10; index += 1) {
            const subject = subjectOf(index);
            const wanted = desired.includes(index) || (admits(before, subject) && !sets.revoked.includes(subject));
            expect([subject, admits(plan.document, subject)]).toEqual([subject, wanted]);
          }
          expect(openStatements(plan.document, PROVIDER, ['sts.amazonaws.com'])).toEqual({ ok: true, open: [] });
          if (foreign) expect((JSON.parse(plan.document) as { Statement: unknown[] }).Statement).toContainEqual(ec2);
          const again = planTrust(plan.document, sets, settings);
          expect(again.kind === 'plan' && again.changed).toBe(false);
        },
      ),
      { numRuns: 250 },
    );
  });
});
