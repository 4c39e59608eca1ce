import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { planFor, REQUEST } from '../../test/support/setup-plans.ts';
import { CLUSTER_ARN, ISSUER, providerArn, REGION, SetupWorld, sha256Hex } from '../../test/support/setup-world.ts';
import { carryOut } from './apply.ts';
import { desiredState } from './desired-state.ts';
import { gatherFacts } from './gather.ts';
import { DEFAULT_OPTIONS } from './options.ts';
import { gatherStatus, type SetupStatus, setupStatus } from './status.ts';

const site = { account: '111122223333', partition: 'aws', region: REGION, issuer: ISSUER, clusterId: CLUSTER_ARN };
const desired = desiredState({ request: REQUEST, options: DEFAULT_OPTIONS, site, version: '0.0.0', sha256Hex });

async function statusOf(world: SetupWorld): Promise<SetupStatus> {
  const ports = world.ports();
  const plan = await planFor(world);
  return setupStatus({ plan, desired, facts: await gatherFacts(ports, desired), more: await gatherStatus(ports, desired), quota: 2048 });
}

async function installed(): Promise<SetupWorld> {
  const world = new SetupWorld();
  const plan = await planFor(world);
  await carryOut(world.ports(), { items: plan.items, tags: plan.tags, clock: new FakeClock(), told: () => undefined });
  return world;
}

describe('status', () => {
  it('of what setup made is good, and says who made it and how full the trust policies are', async () => {
    const status = await statusOf(await installed());
    expect(status.ok).toBe(true);
    expect(status.items.filter(({ madeBy }) => madeBy !== undefined).map(({ object, madeBy }) => [object, madeBy])).toEqual([
      [`provider/${ISSUER.slice(8)}`, 'podrole setup'],
      ['role/kf-admin-demo', 'podrole setup'],
      ['role/kf-user-demo', 'podrole setup'],
    ]);
    expect(status.trust.map(({ role, size, quota, findings }) => ({ role, small: size < 1000, quota, findings }))).toEqual([
      { role: 'kf-admin-demo', small: true, quota: 2048, findings: [] },
      { role: 'kf-user-demo', small: true, quota: 2048, findings: [] },
    ]);
  });

  it('of nothing is everything missing', async () => {
    const status = await statusOf(new SetupWorld());
    expect(status.ok).toBe(false);
    expect(new Set(status.items.map(({ state }) => state))).toEqual(new Set(['missing']));
  });

  it('names the fields that drifted', async () => {
    const world = await installed();
    const { inline } = world.state.roles['kf-admin-demo']!;
    inline['podrole-profile-controller'] = inline['podrole-profile-controller']!.replace('"iam:GetRole"', '"iam:*"');
    const item = (await statusOf(world)).items.find(({ object }) => object === 'policy/kf-admin-demo/podrole-profile-controller');
    expect(item).toMatchObject({ state: 'drift', differs: ['/Statement/0/Action/0'] });
  });

  it('does not count what users attach as drift, but lists it', async () => {
    const world = await installed();
    world.state.roles['kf-user-demo']!.attached = ['arn:aws:iam::aws:policy/AmazonS3FullAccess'];
    world.state.roles['kf-user-demo']!.inline = { mine: '{}' };
    const status = await statusOf(world);
    expect(status.ok).toBe(true);
    expect(status.userPolicies).toEqual([{ role: 'kf-user-demo', policies: ['mine', 'arn:aws:iam::aws:policy/AmazonS3FullAccess'] }]);
  });

  it('finds a users’ role that stands open to the cluster', async () => {
    const world = await installed();
    const host = ISSUER.slice(8);
    world.state.roles['kf-user-demo']!.trustPolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: providerArn() },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: { StringEquals: { [`${host}:aud`]: ['sts.amazonaws.com'] } },
        },
      ],
    });
    const status = await statusOf(world);
    expect(status.ok).toBe(false);
    expect(status.trust.find(({ role }) => role === 'kf-user-demo')?.findings).toMatchObject([
      { code: 'subject-unbound', severity: 'error' },
    ]);
    expect(status.items.find(({ object }) => object === 'role/kf-user-demo')?.state).toBe('ok');
  });

  it('calls foreign what somebody else made, with the way out', async () => {
    const world = new SetupWorld();
    world.putRole('kf-admin-demo', { tags: { 'kubeflow/cluster-name': 'x' } });
    expect((await statusOf(world)).items.find(({ object }) => object === 'role/kf-admin-demo')).toEqual({
      object: 'role/kf-admin-demo',
      state: 'foreign',
      reason: 'exists, made by kfctl: --adopt takes it over, --role-names names this cluster’s roles otherwise',
      madeBy: 'kfctl',
    });
  });
});
