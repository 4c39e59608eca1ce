import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { changesOf, itemOf, planFor, REQUEST } from '../../test/support/setup-plans.ts';
import { CLUSTER_ARN, ISSUER, intercepted, OWN_TAGS, REGION, roleArn, SetupWorld, sha256Hex } from '../../test/support/setup-world.ts';
import type { PlanItem } from './action.ts';
import { carryOut } from './apply.ts';
import { desiredState, everyRoleName } from './desired-state.ts';
import { type DestroyConsent, gatherDestroy, planDestroy, unknownRetained } from './destroy.ts';
import { DEFAULT_OPTIONS } from './options.ts';

const host = ISSUER.slice('https://'.length);
const NO_CONSENT: DestroyConsent = { deleteProfiles: false, detachPolicies: false, retain: [] };
const site = { account: '111122223333', partition: 'aws', region: REGION, issuer: ISSUER, clusterId: CLUSTER_ARN };

async function installed(options: Parameters<typeof planFor>[1] = {}): Promise<SetupWorld> {
  const world = new SetupWorld();
  const plan = await planFor(world, options);
  await carryOut(world.ports(), { items: plan.items, tags: plan.tags, clock: new FakeClock(), told: () => undefined });
  return world;
}

async function planFrom(world: SetupWorld, consent: Partial<DestroyConsent> = {}): Promise<{ readonly items: readonly PlanItem[] }> {
  const input = { request: REQUEST, options: DEFAULT_OPTIONS, site, version: '0.0.0', sha256Hex };
  const target = { desired: desiredState(input), roleNames: everyRoleName(input), namespace: REQUEST.namespace };
  const facts = await gatherDestroy(world.ports(), target);
  return { items: planDestroy({ site, target, facts, consent: { ...NO_CONSENT, ...consent } }) };
}

describe('the plan of a removal', () => {
  it('names what setup made, and what is left of it', async () => {
    const plan = await planFrom(await installed());
    expect(changesOf(plan.items)).toEqual([
      'delete serviceaccount/kubeflow/kf-admin',
      'delete serviceaccount/kubeflow/alb-ingress-controller',
      'delete serviceaccount/kubeflow/profiles-controller-service-account',
      'delete serviceaccount/kubeflow/kf-user',
      'delete policy/kf-admin-demo/podrole-alb-ingress',
      'delete policy/kf-admin-demo/podrole-profile-controller',
      'delete role/kf-admin-demo',
      'delete role/kf-user-demo',
      `delete provider/${host}`,
    ]);
    expect(plan.items.some(({ object }) => object === 'namespace/kube-system')).toBe(false);
    expect(itemOf(plan, 'namespace/kubeflow')).toMatchObject({
      verb: 'keep',
      reason: expect.stringContaining('kubectl delete namespace kubeflow'),
    });
  });

  it('finds what other options made', async () => {
    const world = await installed({ options: { layout: 'least-privilege', loadBalancerController: 'v2', fsx: true } });
    expect(changesOf((await planFrom(world)).items)).toEqual(
      expect.arrayContaining([
        'delete role/kf-load-balancer-demo',
        'delete role/kf-profile-controller-demo',
        'delete role/kf-fsx-csi-demo',
        'delete role/kf-user-demo',
      ]),
    );
  });

  it.each([
    ['of somebody', {}, 'made by somebody who left no mark'],
    ['of kfctl', { 'kubeflow/cluster-name': 'kf-user-demo' }, 'made by kfctl'],
    ['of another cluster', { ...OWN_TAGS, 'podrole.dev/cluster': 'x' }, 'made by podrole setup for cluster x'],
    ['that was taken over', { ...OWN_TAGS, 'podrole.dev/owner': 'setup/adopted' }, 'made by somebody else and taken over by podrole setup'],
  ])('keeps a role %s', async (_, tags, reason) => {
    const world = await installed();
    world.putRole('kf-user-demo', { tags });
    expect(itemOf(await planFrom(world), 'role/kf-user-demo')).toEqual({ verb: 'keep', object: 'role/kf-user-demo', reason });
  });

  it('stops at a Profile that still names a role, until its deletion or the role’s retention is consented to', async () => {
    const world = await installed();
    world.state.profiles = { 'team-a': [roleArn('kf-user-demo')], 'team-b': [roleArn('else')] };
    expect(itemOf(await planFrom(world), 'profile/team-a')).toMatchObject({
      verb: 'conflict',
      reason: `still names ${roleArn('kf-user-demo')}`,
    });
    expect(itemOf(await planFrom(world, { deleteProfiles: true }), 'profile/team-a').verb).toBe('delete');
    const retained = await planFrom(world, { retain: ['role/kf-user-demo'] });
    expect(retained.items.some(({ object }) => object.startsWith('profile/'))).toBe(false);
    expect(itemOf(retained, 'role/kf-user-demo')).toMatchObject({ verb: 'keep', reason: 'retained' });
  });

  it('stops at policies that users attached, and takes them off with consent only', async () => {
    const world = await installed();
    world.state.roles['kf-user-demo']!.attached = ['arn:aws:iam::aws:policy/AmazonS3FullAccess'];
    world.state.roles['kf-user-demo']!.inline = { mine: '{}' };
    expect(itemOf(await planFrom(world), 'role/kf-user-demo')).toEqual({
      verb: 'conflict',
      object: 'role/kf-user-demo',
      reason: 'carries policies that setup did not put there: mine, arn:aws:iam::aws:policy/AmazonS3FullAccess',
      fix: '--detach-policies takes them off, --retain role/kf-user-demo leaves the role',
    });
    expect(changesOf((await planFrom(world, { detachPolicies: true })).items)).toEqual(
      expect.arrayContaining([
        'delete policy/kf-user-demo/mine',
        'delete policy/kf-user-demo/arn:aws:iam::aws:policy/AmazonS3FullAccess',
        'delete role/kf-user-demo',
      ]),
    );
  });

  it('takes for setup’s the policies alone that setup puts, and none of those on the users’ role', async () => {
    const world = await installed();
    world.state.roles['kf-admin-demo']!.inline['podrole-of-ours'] = '{}';
    world.state.roles['kf-user-demo']!.inline = { 'podrole-cloudwatch': '{}' };
    const plan = await planFrom(world);
    expect(itemOf(plan, 'role/kf-admin-demo')).toMatchObject({
      verb: 'conflict',
      reason: 'carries policies that setup did not put there: podrole-of-ours',
    });
    expect(itemOf(plan, 'role/kf-user-demo')).toMatchObject({
      verb: 'conflict',
      reason: 'carries policies that setup did not put there: podrole-cloudwatch',
    });
  });

  it('knows a slip of the pen in what is to be retained', async () => {
    const { items } = await planFrom(await installed());
    const known = ['role/kf-user-demo', 'serviceaccount/kubeflow/kf-admin', `provider/${host}`];
    const slips = ['role/kf-user-demmo', 'kf-user-demo', 'policy/kf-admin-demo/podrole-alb-ingress'];
    expect(unknownRetained(items, [...known, ...slips])).toEqual(slips);
  });

  it('keeps a provider that somebody else made', async () => {
    const world = await installed();
    Object.values(world.state.providers)[0]!.tags = { 'alpha.eksctl.io/cluster-name': 'demo' };
    expect(itemOf(await planFrom(world), `provider/${host}`)).toMatchObject({ verb: 'keep', reason: 'made by eksctl for cluster demo' });
  });

  it('refuses to delete a provider that other roles trust, and names them', async () => {
    const world = await installed();
    world.putRole('cluster-autoscaler', { trustPolicy: world.state.roles['kf-admin-demo']!.trustPolicy });
    expect(itemOf(await planFrom(world), `provider/${host}`)).toMatchObject({
      verb: 'conflict',
      reason: 'is still trusted by role/cluster-autoscaler, whose pods would lose all access',
    });
    expect(itemOf(await planFrom(world, { retain: [`provider/${host}`] }), `provider/${host}`).verb).toBe('keep');
  });

  it('takes a role whose trust policy it cannot read for one that needs the provider, if it speaks of it', async () => {
    const world = await installed();
    const [arn = ''] = Object.keys(world.state.providers);
    world.putRole('odd', { trustPolicy: `{"Statement":[{"Principal":{"Federated":"${arn}"}}` });
    world.putRole('odder', { trustPolicy: '{' });
    expect(itemOf(await planFrom(world), `provider/${host}`)).toMatchObject({
      verb: 'conflict',
      reason: 'is still trusted by role/odd, whose pods would lose all access',
    });
  });

  it('only gives up the annotation of an account that others apply too', async () => {
    const world = await installed();
    world.state.accounts['kubeflow/kf-admin']!.others = ['kustomize'];
    world.state.accounts['kubeflow/kf-user'] = { annotators: [], made: false, others: ['kubectl'] };
    const plan = await planFrom(world, { retain: ['serviceaccount/kubeflow/alb-ingress-controller'] });
    expect(itemOf(plan, 'serviceaccount/kubeflow/kf-admin')).toMatchObject({
      verb: 'change',
      reason: 'also applied by kustomize: only the annotation goes',
      action: { kind: 'release-service-account' },
    });
    expect(itemOf(plan, 'serviceaccount/kubeflow/kf-user').verb).toBe('keep');
    // Its annotation has gone, the account itself is setup’s still.
    world.state.accounts['kubeflow/kf-user'] = { annotators: [], made: true, others: [] };
    expect(itemOf(await planFrom(world), 'serviceaccount/kubeflow/kf-user').verb).toBe('delete');
    expect(itemOf(plan, 'serviceaccount/kubeflow/alb-ingress-controller')).toMatchObject({ verb: 'keep', reason: 'retained' });
  });
});

describe('the removal', () => {
  it('waits for a Profile’s controller before the role goes', async () => {
    const world = await installed();
    world.state.profiles['team-a'] = [roleArn('kf-user-demo')];
    const clock = new FakeClock();
    const order: string[] = [];
    // The controller needs five seconds to take the subject out.
    const ports = intercepted(world.ports(), async ({ name }, run) => {
      if (name === 'kube.profileExists') return clock.monotonic() < 5_000;
      if (name === 'kube.deleteProfile' || name === 'aws.deleteRole')
        order.push(`${name} at ${clock.monotonic() >= 5_000 ? 'later' : '0'}`);
      return run();
    });
    const { items } = await planFrom(world, { deleteProfiles: true });
    const done = carryOut(ports, { items, tags: {}, clock, told: () => undefined });
    await clock.advance(10_000);
    await done;
    expect(order).toEqual(['kube.deleteProfile at 0', 'aws.deleteRole at later', 'aws.deleteRole at later']);
  });

  it('takes every policy off before the role goes, however slow IAM is', async () => {
    const world = await installed();
    const ports = intercepted(world.ports(), async ({ name }, run) => {
      if (name === 'aws.deleteInlinePolicy') await settle();
      return run();
    });
    await carryOut(ports, { items: (await planFrom(world)).items, tags: {}, clock: new FakeClock(), told: () => undefined });
    expect(world.state.roles).toEqual({});
  });

  it('gives up on a Profile that stays, with the roles untouched', async () => {
    const world = await installed();
    world.state.profiles['team-a'] = [roleArn('kf-user-demo')];
    const clock = new FakeClock();
    const ports = intercepted(world.ports(), async ({ name }, run) => (name === 'kube.profileExists' ? true : run()));
    const { items } = await planFrom(world, { deleteProfiles: true });
    const done = expect(carryOut(ports, { items, tags: {}, clock, told: () => undefined })).rejects.toMatchObject({
      code: 'setup-incomplete',
      message: 'setup is not complete: profile/team-a: profile team-a is still there after 120 s',
    });
    await clock.advance(130_000);
    await done;
    expect(Object.keys(world.state.roles)).toEqual(['kf-admin-demo', 'kf-user-demo']);
  });
});
