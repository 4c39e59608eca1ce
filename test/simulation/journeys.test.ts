import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { policySize } from '../../src/iam/policy-size.ts';
import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import { statementSid } from '../../src/identity/statement-id.ts';
import { resources } from '../../src/kube/core/resource.ts';
import { admittedBy } from './invariants.ts';
import { HOST_PATH, OWN_ROLE, PROVIDER, ROLE_A, ROLE_B, specOf, subjectOfProfile } from './scenario.ts';
import { refKey } from './world/sim-kube.ts';
import { SimProcess } from './world/sim-process.ts';
import { type SmallWorld, smallWorld } from './world/small-world.ts';

const closed = closedTrustDocument(PROVIDER);
const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const trust = (role: string) => specOf({ kind: 'trust', role });
const annotate = (role: string) => specOf({ kind: 'annotate', role });
const admitted = ({ sim }: SmallWorld, role: string): readonly string[] => [...admittedBy(sim.iam.document(role) ?? closed)].sort();
const condition = ({ sim }: SmallWorld, name: string, type = 'AwsIamReady') => {
  const found = sim.kube.profiles.get(name)?.status?.conditions?.find((one) => one.type === type);
  return found === undefined ? undefined : [found.status, found.reason];
};
const account = ({ sim }: SmallWorld, namespace: string, name = 'default-editor') =>
  sim.kube.objects.get(refKey({ resource: resources.serviceAccounts, namespace, name }))?.object;
const annotation = (world: SmallWorld, namespace: string): string | undefined =>
  account(world, namespace)?.metadata.annotations?.['eks.amazonaws.com/role-arn'];
const allow = (subjects: readonly string[], sid?: string) => ({
  ...(sid === undefined ? {} : { Sid: sid }),
  Effect: 'Allow',
  Principal: { Federated: PROVIDER },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: { StringEquals: { [`${HOST_PATH}:aud`]: ['sts.amazonaws.com'], [`${HOST_PATH}:sub`]: subjects } },
});
const policy = (...statements: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });

async function started(world: SmallWorld): Promise<SmallWorld> {
  new SimProcess('p1', world.sim);
  await world.run(200);
  return world;
}

describe('the life of a profile', () => {
  it('makes the namespace, grants, annotates, and closes the role when the last profile goes', async () => {
    const world = await started(smallWorld());
    const { sim, actions, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(3_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
    expect(annotation(world, 'user-a')).toBe(ROLE_A);
    expect(sim.kube.profiles.get('user-a')?.status?.conditions?.map((one) => [one.type, one.status, one.reason])).toEqual([
      ['Ready', 'True', 'Reconciled'],
      ['NamespaceReady', 'True', 'NamespaceApplied'],
      ['AccessReady', 'True', 'AccessApplied'],
      ['AwsIamReady', 'True', 'Trusted'],
    ]);
    // With the direct read of the namespace these are nine requests to Kubernetes beside the record.
    expect(actions.map((action) => action.type)).toEqual([
      'add-finalizer',
      ...Array<string>(5).fill('apply-object'),
      'put-record',
      'put-trust-policy',
      'apply-object',
      'set-status',
    ]);
    actions.length = 0;
    await run(600_000);
    expect(actions).toEqual([]);
    sim.kube.deleteProfile('user-a');
    await run(3_000);
    expect(sim.kube.profiles.size).toBe(0);
    expect(sim.iam.document('kf-user-demo')).toBe(closed);
    expect(actions.map((action) => action.type)).toEqual(['put-record', 'put-trust-policy', 'remove-finalizers']);
  });

  it('forgets a revoked subject 24 hours after it was proved gone, and deletes the empty record', async () => {
    const world = await started(smallWorld());
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    await world.run(3_000);
    world.sim.kube.deleteProfile('user-a');
    await world.run(23 * 3_600_000);
    expect(world.sim.kube.records.size).toBe(1);
    await world.run(2 * 3_600_000);
    expect(world.sim.kube.records.size).toBe(0);
  });

  it('grants on the new role, then annotates, then revokes on the old one', async () => {
    const world = await started(smallWorld());
    const { sim, actions, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.iam.createRole(ROLE_B, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    actions.length = 0;
    sim.kube.editProfile('user-a', () => trust(ROLE_B));
    await run(10_000);
    const order = actions.flatMap((action) => {
      if (action.type === 'put-trust-policy') return [`${action.adds.length > 0 ? 'grant' : 'revoke'} ${action.role}`];
      return action.type === 'annotate-service-account' ? [`annotate ${action.role}`] : [];
    });
    expect(order).toEqual([`grant ${ROLE_B}`, `annotate ${ROLE_B}`, `revoke ${ROLE_A}`]);
    expect(admitted(world, 'kf-user-demo')).toEqual([]);
    expect(admitted(world, 'data')).toEqual([subjectOfProfile('user-a')]);
    expect(condition(world, 'user-a')).toEqual(['True', 'Trusted']);
  });

  it('leaves the old role after a while even if the new one never takes the subject', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    sim.kube.editProfile('user-a', () => trust(ROLE_B));
    await run(30_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'RoleNotFound']);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
    await run(300_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([]);
    expect(annotation(world, 'user-a')).toBeUndefined();
  });

  it('revokes and takes the annotation back when the plugin is removed', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    sim.kube.editProfile('user-a', () => specOf({ kind: 'none' }));
    await run(30_000);
    expect(sim.iam.document('kf-user-demo')).toBe(closed);
    expect(annotation(world, 'user-a')).toBeUndefined();
    expect(condition(world, 'user-a')).toEqual(['True', 'NoPlugin']);
  });

  it('leaves the trust policy to somebody else as soon as annotateOnly is set, and takes it up again', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    sim.kube.editProfile('user-a', () => annotate(ROLE_A));
    await run(30_000);
    expect([sim.iam.document('kf-user-demo'), annotation(world, 'user-a'), condition(world, 'user-a')]).toEqual([
      closed,
      ROLE_A,
      ['False', 'AnnotatedNotTrusted'],
    ]);
    sim.iam.write('kf-user-demo', policy(allow([subjectOfProfile('user-a')], 'Theirs')), 'foreign');
    await run(60_000);
    expect(condition(world, 'user-a')).toEqual(['True', 'AnnotatedTrusted']);
    sim.iam.write('kf-user-demo', closed, 'foreign');
    sim.kube.editProfile('user-a', () => trust(ROLE_A));
    await run(30_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
  });

  it('refuses another owner with a reason and changes nothing', async () => {
    const world = await started(smallWorld());
    const { sim, run, events } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    sim.kube.editProfile('user-a', (spec) => ({ ...spec, owner: { kind: 'User', name: 'mallory@example.com' } }));
    await run(30_000);
    expect(condition(world, 'user-a', 'NamespaceReady')).toEqual(['False', 'OwnerChangeRefused']);
    expect(events.some((event) => event.reason === 'OwnerChangeRefused' && event.type === 'Warning')).toBe(true);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
    sim.kube.deleteProfile('user-a');
    await run(30_000);
    expect([sim.kube.profiles.size, sim.iam.document('kf-user-demo')]).toEqual([0, closed]);
  });

  it('does nothing for a paused profile, and nothing is lost by it', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    sim.kube.annotateProfile('user-a', { 'podrole.dev/paused': 'true' });
    sim.kube.editProfile('user-a', () => specOf({ kind: 'none' }));
    await run(120_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
    expect(condition(world, 'user-a', 'Ready')).toEqual(['False', 'Paused']);
  });
});

describe('deletion', () => {
  it('keeps the finalizer and says why while IAM is down, and ends when it is back', async () => {
    const world = await started(smallWorld());
    const { sim, run, set } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    set({ iamDenied: 1 });
    sim.kube.deleteProfile('user-a');
    await run(110_000);
    expect(sim.kube.profiles.get('user-a')?.metadata.finalizers).toEqual(['podrole.dev/aws-iam']);
    expect(condition(world, 'user-a')).toEqual(['False', 'IamRefused']);
    set({});
    await run(320_000);
    expect(sim.kube.profiles.size).toBe(0);
    expect(sim.iam.document('kf-user-demo')).toBe(closed);
  });

  it('is done when the role is gone', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(60_000);
    sim.iam.deleteRole('kf-user-demo');
    sim.kube.deleteProfile('user-a');
    await run(20_000);
    expect(sim.kube.profiles.size).toBe(0);
  });

  it('ends at once for a profile whose plugin cannot be read', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    sim.kube.createProfile(
      'user-a',
      { owner: { kind: 'User', name: 'a' }, plugins: [{ kind: 'AwsIamForServiceAccount', spec: { annotateOnly: 'true' } }] },
      ['profile-finalizer'],
    );
    await run(5_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'PluginUndecodable']);
    sim.kube.deleteProfile('user-a');
    await run(5_000);
    expect(sim.kube.profiles.size).toBe(0);
  });

  it('revokes even if somebody strips the finalizers by hand', async () => {
    const world = await started(smallWorld());
    const { sim, run, set } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    set({ iamDenied: 1 });
    sim.kube.deleteProfile('user-a');
    await run(10_000);
    sim.kube.forceProfile('user-a');
    await run(10_000);
    set({});
    await run(320_000);
    expect(sim.iam.document('kf-user-demo')).toBe(closed);
  });

  it('waits out a write of unknown outcome and says so', async () => {
    const world = await started(smallWorld());
    const { sim, run, set } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    set({ iamLostAnswer: 1 });
    sim.kube.deleteProfile('user-a');
    await run(9_000);
    set({});
    await run(60_000);
    expect(sim.iam.document('kf-user-demo')).toBe(closed);
    expect(condition(world, 'user-a')).toEqual(['False', 'LateWriteWindow']);
    await run(300_000);
    expect(sim.kube.profiles.size).toBe(0);
  });

  it.each([
    ['waits out the writes of a former process whose record is young, without election', false, ['False', 'LateWriteWindow']],
    ['waits for nothing after a lease that was released', true, undefined],
  ] as const)('%s', async (_name, elected, shown) => {
    const world = smallWorld({ elected });
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    const first = new SimProcess('p1', sim);
    await run(100);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    first.stop();
    await run(100);
    new SimProcess('p2', sim);
    await run(1_000);
    sim.kube.deleteProfile('user-a');
    await run(30_000);
    expect(condition(world, 'user-a')).toEqual(shown);
    expect(admitted(world, 'kf-user-demo')).toEqual([]);
    await run(300_000);
    expect(sim.kube.profiles.size).toBe(0);
  });
});

describe('a role that is not podrole’s alone', () => {
  it('takes an upstream installation over without a write to it, and adds the Sid with the first real change', async () => {
    const world = smallWorld();
    const { sim, run, actions } = world;
    const before = policy(allow([subjectOfProfile('user-a')]));
    sim.iam.createRole(ROLE_A, before);
    sim.kube.createProfile('user-a', trust(ROLE_A), ['profile-finalizer']);
    await started(world);
    await run(10_000);
    expect(sim.iam.document('kf-user-demo')).toBe(before);
    expect(condition(world, 'user-a')).toEqual(['True', 'Trusted']);
    expect(actions.filter((action) => action.type === 'put-trust-policy')).toEqual([]);
    sim.kube.createProfile('user-b', trust(ROLE_A));
    await run(10_000);
    const after = JSON.parse(sim.iam.document('kf-user-demo') ?? '{}') as { Statement: { Sid: string }[] };
    expect(after.Statement.map((one) => one.Sid)).toEqual([statementSid(PROVIDER, sha256Hex)]);
  });

  it('revokes a profile first met while it is being deleted with upstream’s finalizer', async () => {
    const world = smallWorld();
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, policy(allow([subjectOfProfile('user-a')])));
    sim.kube.createProfile('user-a', trust(ROLE_A), ['profile-finalizer']);
    sim.kube.deleteProfile('user-a');
    await started(world);
    await run(30_000);
    expect([sim.kube.profiles.size, sim.iam.document('kf-user-demo')]).toEqual([0, closed]);
  });

  it('heals a foreign overwrite, reports it, and keeps what is foreign', async () => {
    const world = await started(smallWorld());
    const { sim, run, events } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(30_000);
    const ec2 = { Sid: 'Ec2', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
    sim.iam.write('kf-user-demo', policy(ec2), 'foreign');
    await run(30_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
    expect(JSON.parse(sim.iam.document('kf-user-demo') ?? '').Statement[0]).toEqual(ec2);
    expect(events.map((event) => event.reason)).toContain('ForeignOverwrite');
  });

  it('keeps and reports a subject that it never granted', async () => {
    const world = await started(smallWorld());
    const { sim, run, events } = world;
    sim.iam.createRole(ROLE_A, policy(allow(['system:serviceaccount:ops:deployer'])));
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(10_000);
    expect(admitted(world, 'kf-user-demo')).toEqual(['system:serviceaccount:ops:deployer', subjectOfProfile('user-a')]);
    expect(events.map((event) => event.reason)).toContain('ForeignSubject');
  });

  it('removes a revoked subject that comes back, again and again, and slows down', async () => {
    const world = await started(smallWorld());
    const { sim, run, events, actions } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    sim.kube.createProfile('user-b', trust(ROLE_A));
    await run(10_000);
    const old = sim.iam.document('kf-user-demo') ?? '';
    sim.kube.deleteProfile('user-a');
    await run(30_000);
    actions.length = 0;
    for (let round = 0; round < 60; round += 1) {
      sim.iam.write('kf-user-demo', old, 'foreign');
      await run(5_000);
    }
    await run(60_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-b')]);
    expect(events.map((event) => event.reason)).toContain('SubjectReturned');
    expect(actions.filter((action) => action.type === 'put-trust-policy').length).toBeLessThan(25);
  });

  it('grants nothing while another statement is open, and revokes all the same', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    const open = {
      Sid: 'Open',
      Effect: 'Allow',
      Principal: { Federated: PROVIDER },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringLike: { [`${HOST_PATH}:sub`]: '*' } },
    };
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(10_000);
    sim.iam.write('kf-user-demo', policy(open, ...JSON.parse(sim.iam.document('kf-user-demo') ?? '').Statement), 'foreign');
    sim.kube.createProfile('user-b', trust(ROLE_A));
    await run(30_000);
    expect(condition(world, 'user-b')).toEqual(['False', 'RoleOpen']);
    expect(condition(world, 'user-a')).toEqual(['True', 'Trusted']);
    expect(annotation(world, 'user-b')).toBeUndefined();
    sim.kube.deleteProfile('user-a');
    await run(30_000);
    expect(JSON.parse(sim.iam.document('kf-user-demo') ?? '').Statement).toEqual([open]);
  });

  it('touches nothing when the Sid stands on another provider’s statement', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    const other = {
      ...allow(['system:serviceaccount:x:y'], statementSid(PROVIDER, sha256Hex)),
      Principal: { Federated: PROVIDER.replace('0123', '9999') },
    };
    sim.iam.createRole(ROLE_A, policy(other));
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(30_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'TrustPolicyUnusable']);
    expect(sim.iam.document('kf-user-demo')).toBe(policy(other));
  });

  it('writes nothing under a record of a newer podrole', async () => {
    const world = await started(smallWorld());
    const { sim, run, actions } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    sim.kube.deleteProfile('user-a');
    const [name, record] = [...sim.kube.records][0]!;
    sim.kube.records.set(name, { ...record, metadata: { ...record.metadata, resourceVersion: '1' }, data: { record: '{"version":2}' } });
    actions.length = 0;
    await run(30_000);
    expect(actions.filter((action) => action.type === 'put-trust-policy')).toEqual([]);
    expect(condition(world, 'user-a')).toEqual(['False', 'RecordTooNew']);
  });
});

describe('many profiles on one role', () => {
  it('fill the quota oldest first; the rest are told the numbers, and nobody admitted loses', async () => {
    const world = await started(smallWorld());
    const { sim, run, actions } = world;
    sim.iam.createRole(ROLE_A, closed);
    for (let index = 0; index < 40; index += 1) {
      sim.kube.createProfile(`team-${String(index).padStart(2, '0')}`, trust(ROLE_A));
      await run(100);
    }
    await run(60_000);
    const names = admitted(world, 'kf-user-demo');
    const full = [...sim.kube.profiles.keys()].filter((name) => condition(world, name)?.[1] === 'TrustPolicyFull');
    expect(names.length + full.length).toBe(40);
    expect(names).toEqual([...sim.kube.profiles.keys()].slice(0, names.length).map(subjectOfProfile).sort());
    expect(policySize(sim.iam.document('kf-user-demo') ?? '')).toBeLessThanOrEqual(2048);
    expect(full.every((name) => annotation(world, name) === undefined)).toBe(true);
    expect(actions.filter((action) => action.type === 'put-trust-policy').length).toBeLessThan(12);
    sim.kube.deleteProfile('team-00');
    await run(60_000);
    expect(admitted(world, 'kf-user-demo')).toContain(subjectOfProfile(full.sort()[0] ?? ''));
  });
});

describe('which role may be named', () => {
  it('lets annotateOnly name a role of another account, of which it says nothing', async () => {
    const world = await started(smallWorld());
    world.sim.kube.createProfile('user-a', annotate('arn:aws:iam::999999999999:role/theirs'));
    await world.run(10_000);
    expect([annotation(world, 'user-a'), condition(world, 'user-a')]).toEqual([
      'arn:aws:iam::999999999999:role/theirs',
      ['True', 'Annotated'],
    ]);
  });

  it.each([
    ['the controller’s own', OWN_ROLE, 'RoleIsOwn'],
    ['one of another account', 'arn:aws:iam::999999999999:role/kf-user-demo', 'RoleForeignAccount'],
    ['a placeholder', ['arn:aws:iam::$', '{AWS_ACCOUNT_ID}:role/x'].join(''), 'RoleArnPlaceholder'],
    ['a bare name', 'kf-user-demo', 'RoleArnIllegal'],
    ['nothing', '', 'RoleArnMissing'],
    ['a wrong path', 'arn:aws:iam::111122223333:role/wrong/kf-user-demo', 'RoleMismatch'],
    ['a role that IAM does not know', 'arn:aws:iam::111122223333:role/nobody', 'RoleNotFound'],
  ])('%s is refused by name, without a write', async (_what, role, reason) => {
    const world = await started(smallWorld());
    const { sim, run, actions } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.iam.createRole(OWN_ROLE, policy(allow(['system:serviceaccount:kubeflow:controller'])));
    sim.kube.createProfile('user-a', trust(role));
    await run(20_000);
    expect(condition(world, 'user-a')).toEqual(['False', reason]);
    expect(condition(world, 'user-a', 'NamespaceReady')).toEqual(['True', 'NamespaceApplied']);
    expect(actions.filter((action) => action.type === 'put-trust-policy')).toEqual([]);
    sim.kube.deleteProfile('user-a');
    await run(20_000);
    expect(sim.kube.profiles.size).toBe(0);
  });
});
