import { describe, expect, it } from 'vitest';
import { admitted, allow, annotate, annotation, closed, condition, policy, started, trust } from './journey-helpers.ts';
import { ROLE_A, ROLE_B, specOf, subjectOfProfile } from './scenario.ts';
import { SimProcess } from './world/sim-process.ts';
import { smallWorld } from './world/small-world.ts';

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

  it('keeps the old role as long at the second attempt as at the first', async () => {
    const world = await started(smallWorld());
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    sim.kube.editProfile('user-a', () => trust(ROLE_B));
    await run(30_000);
    sim.kube.editProfile('user-a', () => trust(ROLE_A));
    await run(300_000);
    sim.kube.editProfile('user-a', () => trust(ROLE_B));
    await run(30_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'RoleNotFound']);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
    await run(300_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([]);
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

  it('says what it waits for when the revocation that it follows ended with nobody knowing how', async () => {
    const world = await started(smallWorld());
    const { sim, run, set } = world;
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    set({ iamTimeout: 1 });
    sim.kube.editProfile('user-a', () => specOf({ kind: 'none' }));
    await run(5_000);
    set({});
    await run(10_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([]);
    sim.kube.deleteProfile('user-a');
    await run(30_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'LateWriteWindow']);
    await run(300_000);
    expect(sim.kube.profiles.size).toBe(0);
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
    ['waits as long for one whose record does not say when it was written', false, ['False', 'LateWriteWindow'], 'once'],
    ['waits for nothing after a lease that was released', true, undefined],
  ] as const)('%s', async (_name, elected, shown, writtenAt?: string) => {
    const world = smallWorld({ elected });
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, closed);
    const first = new SimProcess('p1', sim);
    await run(100);
    sim.kube.createProfile('user-a', trust(ROLE_A));
    await run(5_000);
    first.stop();
    await run(100);
    for (const stored of writtenAt === undefined ? [] : sim.kube.records.values()) {
      const { record } = stored.data as { readonly record: string };
      sim.kube.putRecord({ ...stored, data: { record: JSON.stringify({ ...JSON.parse(record), writtenAt }) } });
    }
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
