import { describe, expect, it } from 'vitest';
import { claimsOf } from './claims.ts';
import { FINALIZER, nameOf, type Profile, UPSTREAM_FINALIZER } from './profile.ts';
import type { RolePolicy } from './role-policy.ts';
import type { Grant, RoleRecord } from './role-record.ts';
import { subjectVerdicts, type VerdictFacts } from './subject-verdicts.ts';

const ROLE = 'arn:aws:iam::111122223333:role/data';
const OTHER = 'arn:aws:iam::111122223333:role/other';
const open: RolePolicy = { allowed: [], own: undefined };
const tagged: RolePolicy = { allowed: [{ kind: 'tag', key: 'team', value: 'ml' }], own: undefined };

const subjectOf = (name: string): string => `system:serviceaccount:${name}:default-editor`;
const grantOf = (name: string): Grant => ({ subject: subjectOf(name), profile: name, uid: `uid-${name}` });

function profile(name: string, more: { readonly role?: string; readonly metadata?: object } = {}): Profile {
  return {
    apiVersion: 'kubeflow.org/v1',
    kind: 'Profile',
    metadata: { name, uid: `uid-${name}`, resourceVersion: '1', finalizers: [FINALIZER], ...more.metadata },
    spec: {
      owner: { kind: 'User', name: `${name}@example.com` },
      plugins: [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole: more.role ?? ROLE } }],
    },
  };
}

const deleted = (finalizers: readonly string[]): object => ({ deletionTimestamp: '2026-01-01T00:00:00Z', finalizers });
const paused = { annotations: { 'podrole.dev/paused': 'true' } };

function record(...names: readonly string[]): RoleRecord {
  return {
    role: ROLE,
    provider: 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/A1',
    granted: names.map(grantOf),
    tombstones: [],
    writer: 'p1',
    writtenAt: '2026-01-01T00:00:00Z',
    unknown: {},
  };
}

function judge(some: Partial<VerdictFacts> & { readonly looked?: readonly (Profile | string)[] }) {
  const { looked = [], ...facts } = some;
  const policy = facts.policy ?? open;
  return subjectVerdicts({
    key: '111122223333/data',
    role: { arn: ROLE },
    policy,
    record: undefined,
    profiles: [],
    direct: new Map(looked.map((one) => (typeof one === 'string' ? [one, undefined] : [nameOf(one), one]))),
    claimsOf: (one) => claimsOf(one, policy, undefined),
    clearanceOf: () => 'cleared',
    confirmed: () => true,
    mayStay: () => false,
    ...facts,
  });
}

describe('which claims are refused', () => {
  it.each([
    ['no tags', { arn: ROLE }],
    ['other tags', { arn: ROLE, tags: { team: 'web' } }],
  ])('a role that is allowed by its tag only, and has %s', (_name, role) => {
    const verdicts = judge({ policy: tagged, role, profiles: [profile('a')], record: record('a') });
    expect(verdicts.desired).toEqual([]);
    expect(verdicts.refusals.map(({ claim, reason }) => [claim.subject, reason])).toEqual([[subjectOf('a'), 'RoleNotAllowed']]);
  });

  it('not a role that carries the tag', () => {
    const verdicts = judge({ policy: tagged, role: { arn: ROLE, tags: { team: 'ml' } }, profiles: [profile('a')] });
    expect([verdicts.desired, verdicts.refusals]).toEqual([[grantOf('a')], []]);
  });

  it.each([
    ['a role that IAM does not have', undefined, 'RoleNotFound'],
    ['a role that IAM has under another path', { arn: 'arn:aws:iam::111122223333:role/team/data' }, 'RoleMismatch'],
  ])('%s', (_name, role, reason) => {
    const verdicts = judge({ role, profiles: [profile('a')] });
    expect([verdicts.desired, verdicts.refusals.map((refusal) => refusal.reason)]).toEqual([[], [reason]]);
  });
});

describe('a first grant', () => {
  it.each<[string, Partial<VerdictFacts>]>([
    ['without podrole’s finalizer on the profile', { profiles: [profile('a', { metadata: { finalizers: [UPSTREAM_FINALIZER] } })] }],
    ['while the namespace is not proved to be the profile’s', { clearanceOf: () => 'unknown' }],
    ['in a namespace that is somebody else’s', { clearanceOf: () => 'barred' }],
    ['for a paused profile', { profiles: [profile('a', { metadata: paused })] }],
  ])('is not made %s', (_name, facts) => {
    expect(judge({ profiles: [profile('a')], ...facts })).toMatchObject({ desired: [], revoke: [], refusals: [], unsure: [] });
  });

  it('waits for a direct look', () => {
    const facts = { profiles: [profile('a')], confirmed: () => false };
    expect(judge(facts)).toMatchObject({ desired: [], unsure: ['a'] });
    expect(judge({ ...facts, looked: [profile('a')] })).toMatchObject({ desired: [grantOf('a')], unsure: [] });
  });
});

describe('a granted subject', () => {
  it('whose profile is missing from the cache alone is neither revoked nor granted again: it waits for a direct look', () => {
    expect(judge({ record: record('a') })).toMatchObject({ desired: [], revoke: [], undecided: [grantOf('a')], unsure: ['a'] });
  });

  it('is revoked when a direct look at its profile answered 404, whatever the cache still holds', () => {
    expect(judge({ record: record('a'), looked: ['a'] })).toMatchObject({ revoke: [grantOf('a')], undecided: [], unsure: [] });
    expect(judge({ record: record('a'), profiles: [profile('a')], looked: ['a'] })).toMatchObject({ desired: [], revoke: [grantOf('a')] });
  });

  it('whose profile names another role in the cache waits for a direct look, and is revoked by it', () => {
    const moved = profile('a', { role: OTHER });
    expect(judge({ record: record('a'), profiles: [moved] })).toMatchObject({ revoke: [], undecided: [grantOf('a')], unsure: ['a'] });
    expect(judge({ record: record('a'), profiles: [moved], looked: [moved] })).toMatchObject({ revoke: [grantOf('a')], undecided: [] });
  });

  it('is revoked once the namespace is somebody else’s, and stays while nobody has looked at the namespace', () => {
    const facts = { record: record('a'), looked: [profile('a')] };
    expect(judge({ ...facts, clearanceOf: () => 'barred' })).toMatchObject({ desired: [], revoke: [grantOf('a')] });
    expect(judge({ ...facts, clearanceOf: () => 'unknown' })).toMatchObject({ desired: [grantOf('a')], revoke: [] });
  });

  it('stays while its next role has not taken it', () => {
    const moved = profile('a', { role: OTHER });
    expect(judge({ record: record('a'), looked: [moved], mayStay: () => true })).toMatchObject({ revoke: [], undecided: [grantOf('a')] });
  });

  it('stays while its profile is paused', () => {
    const moved = profile('a', { role: OTHER, metadata: paused });
    expect(judge({ record: record('a'), looked: [moved] })).toMatchObject({ revoke: [], undecided: [grantOf('a')] });
  });

  it.each<[string, object, boolean]>([
    ['is paused', { annotations: paused.annotations }, false],
    ['names another role', {}, true],
  ])('does not stay for another profile of the same name that %s', (_name, metadata, mayStay) => {
    const other = profile('a', { role: OTHER, metadata: { ...metadata, uid: 'uid-second' } });
    expect(judge({ record: record('a'), looked: [other], mayStay: () => mayStay })).toMatchObject({
      revoke: [grantOf('a')],
      undecided: [],
    });
  });

  it('is revoked without a look once its profile is being deleted, which never goes back', () => {
    const leaving = profile('a', { metadata: deleted([FINALIZER]) });
    expect(judge({ record: record('a'), profiles: [leaving] })).toMatchObject({ desired: [], revoke: [grantOf('a')], unsure: [] });
  });
});

describe('a profile that is first met while it is being deleted', () => {
  it.each([
    ['podrole’s finalizer', [FINALIZER], true],
    ['upstream’s finalizer', [UPSTREAM_FINALIZER], true],
    ['a finalizer of somebody else', ['foregroundDeletion'], false],
    ['no finalizer', [], false],
  ])('with %s', (_name, finalizers, revoked) => {
    const verdicts = judge({ profiles: [profile('a', { metadata: deleted(finalizers) })] });
    expect([verdicts.desired, verdicts.revoke]).toEqual([[], revoked ? [grantOf('a')] : []]);
  });

  it.each(['barred', 'unknown'] as const)(
    'has nothing to revoke while its namespace is %s: the subject is somebody else’s',
    (clearance) => {
      const leaving = profile('a', { metadata: deleted([FINALIZER]) });
      expect(judge({ profiles: [leaving], clearanceOf: () => clearance }).revoke).toEqual([]);
      expect(judge({ profiles: [leaving], clearanceOf: () => clearance, record: record('a') }).revoke).toEqual([grantOf('a')]);
    },
  );

  it('is not revoked twice', () => {
    const stone = { subject: subjectOf('a'), profile: 'a', revokedAt: '2026-01-01T00:00:00Z', returned: 0 };
    const leaving = profile('a', { metadata: deleted([FINALIZER]) });
    expect(judge({ record: { ...record(), tombstones: [stone] }, profiles: [leaving] }).revoke).toEqual([]);
  });
});
