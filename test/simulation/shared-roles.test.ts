import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { policySize } from '../../src/iam/policy-size.ts';
import { statementSid } from '../../src/identity/statement-id.ts';
import { admitted, allow, annotate, annotation, closed, condition, policy, started, trust } from './journey-helpers.ts';
import { HOST_PATH, OWN_ROLE, PROVIDER, ROLE_A, subjectOfProfile } from './scenario.ts';
import { smallWorld } from './world/small-world.ts';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

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
