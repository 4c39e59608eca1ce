import { describe, expect, it } from 'vitest';
import type { ProfileControllerDeps } from '../../src/profile/ports.ts';
import { admitted, closed, condition, started, trust } from './journey-helpers.ts';
import { ROLE_A, ROLE_B, specOf, subjectOfProfile } from './scenario.ts';
import { smallWorld } from './world/small-world.ts';

const never = (): Promise<never> => new Promise(() => undefined);

describe('one call that never ends', () => {
  it('on another role holds up nobody', async () => {
    const world = smallWorld();
    const tamper = (deps: ProfileControllerDeps): ProfileControllerDeps => ({
      ...deps,
      trustPolicies: {
        ...deps.trustPolicies,
        getRole: (role, signal) => (role === 'data' ? never() : deps.trustPolicies.getRole(role, signal)),
      },
    });
    await started({ ...world, sim: { ...world.sim, tamper } });
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.iam.createRole(ROLE_B, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_B));
    await world.run(1_000);
    world.sim.kube.createProfile('user-b', trust(ROLE_A));
    await world.run(5_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-b')]);
    expect(condition(world, 'user-b')).toEqual(['True', 'Trusted']);
    // The one that waits for it is told so.
    await world.run(25_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'IamUnavailable']);
  });

  it('to the API server holds up only the profile that it is about', async () => {
    const world = smallWorld();
    const tamper = (deps: ProfileControllerDeps): ProfileControllerDeps => ({
      ...deps,
      objects: {
        ...deps.objects,
        apply: (resource, object, signal) => (object.metadata.name === 'user-a' ? never() : deps.objects.apply(resource, object, signal)),
      },
    });
    await started({ ...world, sim: { ...world.sim, tamper } });
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    world.sim.kube.createProfile('user-b', trust(ROLE_A));
    await world.run(5_000);
    expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-b')]);
    expect(condition(world, 'user-b', 'Ready')).toEqual(['True', 'Reconciled']);
  });
});

it('ten minutes of throttling cost few calls, and a minute after their end everybody is trusted', async () => {
  const world = smallWorld();
  let calls = 0;
  const tamper = (deps: ProfileControllerDeps): ProfileControllerDeps => ({
    ...deps,
    trustPolicies: {
      ...deps.trustPolicies,
      getRole: (role, signal) => {
        calls += 1;
        return deps.trustPolicies.getRole(role, signal);
      },
    },
  });
  await started({ ...world, sim: { ...world.sim, tamper } });
  world.sim.iam.createRole(ROLE_A, closed);
  world.set({ iamThrottled: 1 });
  for (const name of ['user-a', 'user-b', 'user-c']) world.sim.kube.createProfile(name, trust(ROLE_A));
  await world.run(600_000);
  expect(condition(world, 'user-a')).toEqual(['False', 'IamUnavailable']);
  // Back-off grows from one second to half a minute: a role that answers again is not kept waiting for long.
  expect(calls).toBeLessThan(40);
  world.set({});
  await world.run(60_000);
  expect(admitted(world, 'kf-user-demo')).toEqual(['user-a', 'user-b', 'user-c'].map(subjectOfProfile));
});

it.each([2, 30])('an overwrite by somebody else is healed within five minutes where %d roles are known', async (roles) => {
  const world = await started(smallWorld());
  const { sim, run } = world;
  sim.iam.createRole(ROLE_A, closed);
  sim.kube.createProfile('user-a', trust(ROLE_A));
  for (let index = 1; index < roles; index += 1) {
    const role = `arn:aws:iam::111122223333:role/role-${index}`;
    sim.iam.createRole(role, closed);
    sim.kube.createProfile(`team-${index}`, specOf({ kind: 'trust', role }));
  }
  await run(60_000);
  expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
  sim.iam.write('kf-user-demo', closed, 'foreign');
  await run(300_000 + 1_000);
  expect(admitted(world, 'kf-user-demo')).toEqual([subjectOfProfile('user-a')]);
});
