import { describe, expect, it } from 'vitest';
import { PodroleError } from '../../src/base/errors.ts';
import type { ProfileControllerDeps } from '../../src/profile/ports.ts';
import { admitted, closed, condition, started, trust } from './journey-helpers.ts';
import { ROLE_A, ROLE_B, subjectOfProfile } from './scenario.ts';
import { SimProcess } from './world/sim-process.ts';
import { type SmallWorld, smallWorld } from './world/small-world.ts';

const noAnswer = (): Promise<never> => Promise.reject(new PodroleError('no answer', { code: 'kube-api-unreachable', retry: 'backoff' }));
const never = (): Promise<never> => new Promise(() => undefined);

interface Broken extends SmallWorld {
  readonly counts: string[];
  /** Puts the ports back as they were. */
  mend(): void;
}

/** A world some of whose ports are broken until they are mended. */
function broken(breakPorts: (deps: ProfileControllerDeps) => Partial<ProfileControllerDeps>): Broken {
  const world = smallWorld();
  const counts: string[] = [];
  let mended = false;
  const tamper = (deps: ProfileControllerDeps): ProfileControllerDeps => {
    const bad = { ...deps, ...breakPorts(deps) };
    const now = (): ProfileControllerDeps => (mended ? deps : bad);
    return {
      ...deps,
      records: { ...deps.records, put: (...call) => now().records.put(...call), list: (...call) => now().records.list(...call) },
      trustPolicies: { ...deps.trustPolicies, getRole: (...call) => now().trustPolicies.getRole(...call) },
      profiles: { ...deps.profiles, applyStatus: (...call) => now().profiles.applyStatus(...call) },
      callerIdentity: (...call) => now().callerIdentity(...call),
    };
  };
  const watcher = {
    ...world.sim.watcher,
    onCount: (name: string, labels: Readonly<Record<string, string>>) => {
      counts.push(`${name} ${Object.values(labels).join(' ')}`);
    },
  };
  return {
    ...world,
    sim: { ...world.sim, watcher, tamper },
    counts,
    mend: () => {
      mended = true;
    },
  };
}

describe('a failure that passes', () => {
  it('of the record is told in condition, Event and count, and over half a minute after its cause', async () => {
    const world = broken(({ records }) => ({ records: { ...records, put: noAnswer } }));
    await started(world);
    world.sim.iam.createRole(ROLE_A, closed);
    for (const name of ['user-a', 'user-b', 'user-c']) world.sim.kube.createProfile(name, trust(ROLE_A));
    await world.run(240_000);
    expect(['user-a', 'user-b', 'user-c'].map((name) => condition(world, name))).toEqual(Array(3).fill(['False', 'RecordUnusable']));
    expect(world.events.filter(({ reason }) => reason === 'RecordUnusable').map(({ profile }) => profile.metadata.name)).toEqual([
      'user-a',
      'user-b',
      'user-c',
    ]);
    expect(world.counts.filter((count) => count === 'podrole_profile_conditions_total AwsIamReady RecordUnusable')).toHaveLength(3);
    world.mend();
    await world.run(35_000);
    expect(admitted(world, 'kf-user-demo')).toHaveLength(3);
    expect(condition(world, 'user-a')).toEqual(['True', 'Trusted']);
  });

  it('of GetCallerIdentity at start leaves the own role open to profiles only until it is over', async () => {
    const world = broken(() => ({ callerIdentity: noAnswer }));
    const own = 'arn:aws:iam::111122223333:role/podrole-controller';
    await started(world);
    world.sim.iam.createRole(own, closed);
    world.sim.kube.createProfile('user-a', trust(own));
    await world.run(10_000);
    expect(condition(world, 'user-a')).toEqual(['True', 'Trusted']);
    world.mend();
    await world.run(90_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'RoleIsOwn']);
    expect(admitted(world, 'podrole-controller')).toEqual([]);
  });

  it('of the list of records at start holds the controller up until it is over', async () => {
    const world = broken(({ records }) => ({ records: { ...records, list: noAnswer } }));
    await started(world);
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    await world.run(60_000);
    expect(world.actions).toEqual([]);
    world.mend();
    await world.run(5_000);
    expect(condition(world, 'user-a')).toEqual(['True', 'Trusted']);
  });
});

describe('one call that hangs', () => {
  it('holds up its own role and no other', async () => {
    const world = broken(({ trustPolicies }) => ({
      trustPolicies: {
        ...trustPolicies,
        getRole: (role, signal) => (role === 'kf-user-demo' ? never() : trustPolicies.getRole(role, signal)),
      },
    }));
    await started(world);
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.iam.createRole(ROLE_B, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    world.sim.kube.createProfile('user-b', trust(ROLE_B));
    await world.run(5_000);
    expect(admitted(world, 'data')).toEqual([subjectOfProfile('user-b')]);
    await world.run(10_000);
    expect(condition(world, 'user-a')).toEqual(['False', 'IamUnavailable']);
    world.mend();
    await world.run(35_000);
    expect(condition(world, 'user-a')).toEqual(['True', 'Trusted']);
  });

  it('and is given up at a stop is no failure of the role', async () => {
    const world = broken(({ records }) => ({ records: { ...records, put: never } }));
    const process = new SimProcess('p1', world.sim);
    await world.run(200);
    world.sim.iam.createRole(ROLE_A, closed);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    await world.run(5_000);
    process.stop();
    await world.run(5_000);
    expect(world.counts.filter((count) => count.includes('RecordUnusable'))).toEqual([]);
  });
});

describe('a status whose answer is lost', () => {
  it('still has its Event and its count, once', async () => {
    let lost = 0;
    const world = broken(({ profiles }) => ({
      profiles: {
        ...profiles,
        applyStatus: async (...call) => {
          await profiles.applyStatus(...call);
          lost += 1;
          return noAnswer();
        },
      },
    }));
    await started(world);
    world.sim.kube.createProfile('user-a', trust(ROLE_A));
    await world.run(4_000);
    world.mend();
    await world.run(120_000);
    expect(lost).toBeGreaterThan(0);
    expect(condition(world, 'user-a')).toEqual(['False', 'RoleNotFound']);
    expect(world.events.map(({ reason }) => reason)).toEqual(['RoleNotFound']);
    expect(world.counts.filter((count) => count === 'podrole_profile_conditions_total AwsIamReady RoleNotFound')).toHaveLength(1);
  });
});

describe('a quota of IAM that is smaller than the one that was told', () => {
  it('keeps nobody in: those who leave are revoked, and as many are granted as there is room for', async () => {
    const world = await started(smallWorld({ quota: 700, options: { trustPolicyQuota: 'off' } }));
    const names = ['user-a', 'user-b', 'user-c', 'user-d', 'user-e', 'user-f', 'user-g', 'user-h'];
    world.sim.iam.createRole(ROLE_A, closed);
    for (const name of names) world.sim.kube.createProfile(name, trust(ROLE_A));
    await world.run(120_000);
    const before = admitted(world, 'kf-user-demo');
    expect(before.length).toBeGreaterThan(1);
    expect(condition(world, 'user-h')).toEqual(['False', 'TrustPolicyFull']);
    world.sim.kube.deleteProfile('user-a');
    await world.run(120_000);
    expect(admitted(world, 'kf-user-demo')).not.toContain(subjectOfProfile('user-a'));
    expect(world.sim.kube.profiles.has('user-a')).toBe(false);
    expect(admitted(world, 'kf-user-demo')).toHaveLength(before.length);
  });
});
