import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/core/object.ts';
import { type AdmissionFacts, fieldOf, judgeAdmission, taggedClaims } from './judge-admission.ts';
import type { RoleReadOutcome } from './ports.ts';
import type { Profile } from './profile.ts';
import { type AllowedRole, parseAllowedRole, type RolePolicy } from './role-policy.ts';

const ACCOUNT = '111122223333';
const GOOD = `arn:aws:iam::${ACCOUNT}:role/kf-user-a`;
const OTHER = `arn:aws:iam::${ACCOUNT}:role/admin`;
const FOREIGN = 'arn:aws:iam::444455556666:role/kf-user-a';

const allowed = (...texts: readonly string[]): readonly AllowedRole[] =>
  texts.map((text) => {
    const parsed = parseAllowedRole(text);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.allowed;
  });
const policy: RolePolicy = {
  allowed: allowed('arn:aws:iam::*:role/kf-user-*'),
  own: { account: ACCOUNT, roleName: 'kf-admin' },
};
const facts: AdmissionFacts = { policy, defaultRole: undefined, namespace: { kind: 'known', object: undefined }, roles: new Map() };

const plugin = (spec: unknown): { kind: string; spec: never } => ({ kind: 'AwsIamForServiceAccount', spec: spec as never });
const role = (awsIamRole: string): { kind: string; spec: never } => plugin({ awsIamRole });
function profile(plugins: readonly unknown[], over: { readonly owner?: string; readonly metadata?: object } = {}): Profile {
  return {
    apiVersion: 'kubeflow.org/v1',
    kind: 'Profile',
    metadata: { name: 'team-a', uid: 'u', ...over.metadata },
    spec: { owner: { kind: 'User', name: over.owner ?? 'a@example.com' }, plugins: plugins as never },
  };
}
const created = (now: Profile, over: Partial<AdmissionFacts> = {}): readonly (readonly [string, string])[] =>
  judgeAdmission({ now, before: undefined }, { ...facts, ...over }).problems.map(({ path, reason }) => [fieldOf(path), reason]);
const changed = (before: Profile, now: Profile, over: Partial<AdmissionFacts> = {}): readonly string[] =>
  judgeAdmission({ now, before }, { ...facts, ...over }).problems.map(({ reason }) => reason);
const warned = (now: Profile, over: Partial<AdmissionFacts> = {}, before?: Profile): readonly string[] =>
  judgeAdmission({ now, before }, { ...facts, ...over }).warnings.map(({ reason }) => reason);

describe('a profile that is created', () => {
  it.each<readonly [string, readonly unknown[], readonly (readonly [string, string])[]]>([
    ['a role that a pattern admits', [role(GOOD)], []],
    ['no plugin', [], []],
    ['a role without pattern', [role(OTHER)], [['spec.plugins[0].spec.awsIamRole', 'RoleNotAllowed']]],
    ['the controller’s own role', [role(`arn:aws:iam::${ACCOUNT}:role/kf-admin`)], [['spec.plugins[0].spec.awsIamRole', 'RoleIsOwn']]],
    ['a role of another account', [role(FOREIGN)], [['spec.plugins[0].spec.awsIamRole', 'RoleForeignAccount']]],
    ['a foreign role to annotate', [plugin({ awsIamRole: FOREIGN, annotateOnly: true })], []],
    ['a placeholder', [role('arn:aws:iam::\u0024{AWS_ACCOUNT_ID}:role/r')], [['spec.plugins[0].spec.awsIamRole', 'RoleArnPlaceholder']]],
    ['an empty role', [role('')], [['spec.plugins[0].spec.awsIamRole', 'RoleArnMissing']]],
    ['a user’s ARN', [role(`arn:aws:iam::${ACCOUNT}:user/u`)], [['spec.plugins[0].spec.awsIamRole', 'RoleArnIllegal']]],
    ['an unknown partition', [role(`arn:azure:iam::${ACCOUNT}:role/kf-user-a`)], [['spec.plugins[0].spec.awsIamRole', 'RoleArnIllegal']]],
    [
      'annotateOnly in quotes',
      [plugin({ awsIamRole: GOOD, annotateOnly: 'true' })],
      [['spec.plugins[0].spec.annotateOnly', 'PluginUndecodable']],
    ],
    ['two roles for one account', [role(GOOD), role(`${GOOD}b`)], [['spec.plugins[1]', 'PluginRepeated']]],
    [
      'everything at once',
      [plugin({ awsIamRole: OTHER, serviceAccounts: ['Upper', 'ok', '_'] }), plugin(7), { kind: 'WorkloadIdentity' }],
      [
        ['spec.plugins[0].spec.awsIamRole', 'RoleNotAllowed'],
        ['spec.plugins[0].spec.serviceAccounts', 'ServiceAccountIllegal'],
        ['spec.plugins[0].spec.serviceAccounts', 'ServiceAccountIllegal'],
        ['spec.plugins[1].spec', 'PluginUndecodable'],
      ],
    ],
  ])('with %s', (_, plugins, problems) => {
    expect(created(profile(plugins))).toEqual(problems);
  });

  it('is refused for its name, its owner and its role together', () => {
    const bad: Profile = { ...profile([role(OTHER)], { metadata: { name: 'Team_A' } }), spec: { plugins: [role(OTHER)] } };
    expect(created(bad)).toEqual([
      ['metadata.name', 'NamespaceNameIllegal'],
      ['spec.owner', 'OwnerMissing'],
      ['spec.plugins[0].spec.awsIamRole', 'RoleNotAllowed'],
    ]);
  });

  it.each<readonly [object, readonly (readonly [string, string])[]]>([
    [{ kind: 'Group', name: 'g' }, []],
    [{ kind: 'ServiceAccount', name: 's', namespace: 'n' }, []],
    [{ kind: 'ServiceAccount', name: 's' }, [['spec.owner.namespace', 'OwnerIllegal']]],
    [{ kind: 'user', name: 'u' }, [['spec.owner.kind', 'OwnerIllegal']]],
    [{ kind: 'User', name: '' }, [['spec.owner', 'OwnerMissing']]],
  ])('of the owner %j', (owner, problems) => {
    expect(created({ ...profile([]), spec: { owner } })).toEqual(problems);
  });

  it('is warned where podrole cannot see, or does not mind', () => {
    const open = { policy: { allowed: [], own: undefined } };
    expect(warned(profile([plugin({ awsIamRole: FOREIGN, annotateOnly: true })]))).toEqual(['Annotated']);
    expect(warned(profile([role(GOOD)]), open)).toEqual(['OwnRoleUnknown', 'AnyRoleAllowed']);
    expect(warned(profile([{ kind: 'WorkloadIdentity' }]))).toEqual(['PluginUnknown']);
    expect(warned(profile([]), { defaultRole: `arn:aws:iam::${ACCOUNT}:role/else-{namespace}` })).toEqual(['RoleNotAllowed']);
    expect(warned(profile([role(GOOD)]))).toEqual([]);
  });
});

describe('a profile that is changed', () => {
  const bad = profile([role(OTHER)]);

  it('keeps what was wrong before, and hears of it', () => {
    const labelled = profile([role(OTHER)], { metadata: { labels: { a: 'b' } } });
    expect(changed(bad, labelled)).toEqual([]);
    expect(warned(labelled, {}, bad)).toEqual(['RoleNotAllowed']);
  });

  it('keeps it at another place of the list, but not twice', () => {
    expect(changed(bad, profile([role(GOOD), role(OTHER)]))).toEqual([]);
    expect(changed(bad, profile([role(OTHER), role(OTHER)]))).toEqual(['RoleNotAllowed']);
  });

  it('is refused another mistake', () => {
    expect(changed(bad, profile([role('')]))).toEqual(['RoleArnMissing']);
    expect(changed(profile([role(GOOD)]), bad)).toEqual(['RoleNotAllowed']);
  });

  it('may always be mended', () => {
    expect(changed(bad, profile([role(GOOD)]))).toEqual([]);
    expect(changed(bad, profile([]))).toEqual([]);
  });

  it('is never refused while it is being deleted', () => {
    const deleting = profile([role('')], { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, owner: 'z@example.com' });
    expect(judgeAdmission({ now: deleting, before: profile([role(GOOD)]) }, facts)).toEqual({ problems: [], warnings: [] });
  });
});

describe('the owner of a profile', () => {
  const made = (owner: string, uid = 'u'): AdmissionFacts['namespace'] => ({
    kind: 'known',
    object: {
      metadata: { name: 'team-a', annotations: { owner }, ownerReferences: [{ uid, apiVersion: '', kind: '', name: '' }] },
    } as unknown as KubeObject,
  });
  const before = profile([]);
  const after = profile([], { owner: 'b@example.com' });

  it('cannot be changed once the namespace is made', () => {
    expect(changed(before, after, { namespace: made('a@example.com') })).toEqual(['OwnerChangeRefused']);
  });

  it('may be restored, and a profile with a wrong one may be labelled', () => {
    expect(changed(after, before, { namespace: made('a@example.com') })).toEqual([]);
    expect(changed(after, after, { namespace: made('a@example.com') })).toEqual([]);
    expect(warned(after, { namespace: made('a@example.com') }, after)).toEqual(['OwnerChangeRefused']);
  });

  it('may be changed as long as there is no namespace, or it is somebody else’s', () => {
    expect(changed(before, after)).toEqual([]);
    expect(changed(before, after, { namespace: made('z@example.com', 'other') })).toEqual([]);
    expect(warned(after, { namespace: made('z@example.com', 'other') }, before)).toEqual(['NamespaceForeign']);
  });

  it('is left to the reconcile where the namespaces are not known', () => {
    expect(changed(before, after, { namespace: { kind: 'unknown' } })).toEqual([]);
    expect(warned(after, { namespace: { kind: 'unknown' } }, before)).toEqual(['OwnerChangeRefused']);
  });
});

describe('a role that needs a tag', () => {
  const tagged: RolePolicy = { ...policy, allowed: allowed('tag:team=a') };
  const roleOf = (tags: Readonly<Record<string, string>>, arn = GOOD): RoleReadOutcome => ({
    kind: 'found',
    role: { arn, document: '', tags },
  });
  const judge = (read: RoleReadOutcome | undefined): readonly (readonly string[])[] => {
    const roles = new Map(read === undefined ? [] : [['kf-user-a', read]]);
    const verdict = judgeAdmission({ now: profile([role(GOOD)]), before: undefined }, { ...facts, policy: tagged, roles });
    return [verdict.problems.map(({ reason }) => reason), verdict.warnings.map(({ reason }) => reason)];
  };

  it.each<readonly [string, RoleReadOutcome | undefined, readonly string[], readonly string[]]>([
    ['has it', roleOf({ team: 'a' }), [], []],
    ['lacks it', roleOf({ team: 'b' }), ['RoleNotAllowed'], []],
    ['has another path', roleOf({ team: 'a' }, `arn:aws:iam::${ACCOUNT}:role/p/kf-user-a`), ['RoleMismatch'], []],
    ['does not exist yet', { kind: 'absent' }, [], ['RoleNotFound']],
    ['cannot be read', { kind: 'failed', code: 'unreachable', message: '' }, [], ['IamUnavailable']],
    ['was not asked for', undefined, [], ['IamUnavailable']],
  ])('%s', (_, read, problems, warnings) => {
    expect(judge(read)).toEqual([problems, warnings]);
  });

  it('is not asked for again when nothing about it changes', () => {
    const now = profile([role(GOOD)]);
    const names = (before: Profile | undefined): readonly string[] => taggedClaims({ now, before }, tagged).map((claim) => claim.role.name);
    expect(names(undefined)).toEqual(['kf-user-a']);
    expect(names(profile([role(GOOD)], { metadata: { labels: {} } }))).toEqual([]);
    expect(names(profile([]))).toEqual(['kf-user-a']);
  });
});
