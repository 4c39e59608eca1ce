import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/base/clock.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { ProfileControllerDeps } from '../../src/profile/ports.ts';
import { FINALIZER, UPSTREAM_FINALIZER } from '../../src/profile/profile.ts';
import { admitted, allow, annotate, annotation, closed, condition, policy, started, trust } from './journey-helpers.ts';
import { ROLE_A, subjectOfProfile } from './scenario.ts';
import { SimProcess } from './world/sim-process.ts';
import { type SmallWorld, smallWorld } from './world/small-world.ts';

const NAME = 'kf-user-demo';
/** What an installer wrote for somebody's service account, in the very shape that is adopted as ours. */
const theirs = policy(allow([subjectOfProfile('victim')]));

/** A world with a namespace of somebody else whose service account carries a role that trusts it. */
function inhabited(): SmallWorld {
  const world = smallWorld();
  world.sim.iam.createRole(ROLE_A, theirs);
  world.sim.kube.makeForeignNamespace('victim');
  const metadata = { name: 'default-editor', namespace: 'victim', annotations: { 'eks.amazonaws.com/role-arn': ROLE_A } };
  world.sim.kube.apply(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata }, 'kubectl');
  return world;
}

describe('a profile that is named like somebody else’s namespace', () => {
  it.each([
    ['made and deleted', 5_000],
    ['deleted before anybody looked at it', 0],
  ])('%s: neither the trust nor the annotation of what lives there is touched, and it goes', async (_how, livesMs) => {
    const world = await started(inhabited());
    const { sim, run, actions } = world;
    sim.kube.createProfile('victim', trust(ROLE_A), [FINALIZER]);
    await run(livesMs);
    if (livesMs > 0) {
      expect(condition(world, 'victim', 'NamespaceReady')).toEqual(['False', 'NamespaceForeign']);
      expect(condition(world, 'victim')).toEqual(['False', 'AccessWaiting']);
    }
    sim.kube.deleteProfile('victim');
    await run(60_000);
    expect(sim.kube.profiles.has('victim')).toBe(false);
    expect([sim.iam.document(NAME), annotation(world, 'victim')]).toEqual([theirs, ROLE_A]);
    const touching = ['put-trust-policy', 'put-record', 'remove-entry'];
    expect(actions.map(({ type }) => type).filter((type) => touching.includes(type))).toEqual([]);
  });

  it('is met in the midst of its deletion by a process that knows nothing: the same', async () => {
    const world = inhabited();
    world.sim.kube.createProfile('victim', trust(ROLE_A), [FINALIZER]);
    world.sim.kube.deleteProfile('victim');
    new SimProcess('p1', world.sim);
    await world.run(60_000);
    expect(world.sim.kube.profiles.has('victim')).toBe(false);
    expect([world.sim.iam.document(NAME), annotation(world, 'victim')]).toEqual([theirs, ROLE_A]);
  });
});

describe('a profile whose namespace is its own', () => {
  it('and that is first met in the midst of its deletion is revoked, whoever granted it', async () => {
    const world = smallWorld();
    const { sim, run } = world;
    sim.iam.createRole(ROLE_A, policy(allow([subjectOfProfile('user-a')])));
    sim.kube.createProfile('user-a', trust(ROLE_A), [UPSTREAM_FINALIZER]);
    const uid = sim.kube.profiles.get('user-a')?.metadata.uid ?? '';
    const owner = { apiVersion: 'kubeflow.org/v1', kind: 'Profile', name: 'user-a', uid };
    const metadata = { name: 'user-a', annotations: { owner: 'a@example.com' }, ownerReferences: [owner] };
    sim.kube.apply(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata }, 'manager');
    sim.kube.deleteProfile('user-a');
    new SimProcess('p1', sim);
    await run(60_000);
    expect(sim.kube.profiles.has('user-a')).toBe(false);
    expect(sim.iam.document(NAME)).toBe(closed);
  });

  it('and that is first met in the midst of its deletion is revoked, however late its namespace is looked at, and as soon as it is', async () => {
    const world = smallWorld();
    const { sim, run } = world;
    const first = new SimProcess('p1', sim);
    await run(200);
    sim.iam.createRole(ROLE_A, closed);
    sim.kube.createProfile('user-b', trust(ROLE_A));
    await run(30_000);
    first.stop();
    await run(5_000);
    sim.iam.write(NAME, policy(allow([subjectOfProfile('user-b'), subjectOfProfile('user-a')])), 'upstream');
    sim.kube.createProfile('user-a', trust(ROLE_A), [UPSTREAM_FINALIZER]);
    sim.kube.deleteProfile('user-a');
    let looks = 0;
    const slow = (deps: ProfileControllerDeps): ProfileControllerDeps => ({
      ...deps,
      trustPolicies: {
        ...deps.trustPolicies,
        getRole: async (role, signal) => {
          looks += 1;
          return looks === 1 ? { kind: 'failed', code: 'unreachable', message: 'no answer' } : deps.trustPolicies.getRole(role, signal);
        },
      },
      objects: {
        ...deps.objects,
        read: async (ref, signal) => {
          await sleep(deps.clock, 5_000, signal);
          return deps.objects.read(ref, signal);
        },
      },
    });
    new SimProcess('p2', { ...sim, tamper: slow });
    // Well ahead of the resync: whoever looked at the namespace wakes the role.
    await run(12_000);
    expect(sim.kube.profiles.has('user-a')).toBe(false);
    expect(admitted(world, NAME)).toEqual([subjectOfProfile('user-b')]);
  });

  it('that was there before it keeps no annotation of podrole when the profile goes', async () => {
    const world = await started(smallWorld());
    const { sim, run, actions } = world;
    const namespace = { name: 'user-a', annotations: { owner: 'a@example.com' } };
    sim.kube.apply(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: namespace }, 'kubectl');
    sim.kube.createProfile('user-a', annotate(ROLE_A), [FINALIZER]);
    await run(5_000);
    expect(annotation(world, 'user-a')).toBe(ROLE_A);
    sim.kube.deleteProfile('user-a');
    await run(5_000);
    expect(sim.kube.profiles.has('user-a')).toBe(false);
    const removed = { map: 'annotations', key: 'eks.amazonaws.com/role-arn', value: ROLE_A };
    expect(actions.flatMap((action) => (action.type === 'remove-entry' ? [action.entry] : []))).toEqual([removed]);
  });
});
