import { expect, it } from 'vitest';
import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import { Invariants } from './invariants.ts';
import { ISSUER, PROVIDER, QUOTA, ROLE_A, ROLE_B, specOf } from './scenario.ts';
import { CallFaults, FaultTally, noFaults } from './world/faults.ts';
import { Scheduler, seededRandom } from './world/scheduler.ts';
import { SimIam } from './world/sim-iam.ts';
import { SimKube } from './world/sim-kube.ts';
import { SimLease } from './world/sim-lease.ts';
import { SimProcess } from './world/sim-process.ts';
import type { CallStep, SimWorld } from './world/sim-world.ts';

interface Journey {
  /** Steps of calls that were met, in order. */
  readonly steps: number;
  readonly violations: readonly unknown[];
  /** What the world came to. */
  readonly end: {
    readonly documents: readonly (string | undefined)[];
    readonly profiles: readonly string[];
    readonly objects: readonly string[];
  };
}

/** Two profiles are made, one changes its role, both are deleted, one is made again; the process is dropped at step `crashAt`. */
async function journey(crashAt: number): Promise<Journey> {
  const scheduler = new Scheduler(seededRandom(7));
  const kube = new SimKube(scheduler);
  const iam = new SimIam(scheduler, QUOTA);
  const invariants = new Invariants({ scheduler, kube, iam, quota: QUOTA, faults: () => noFaults });
  iam.onChange = (role, { before, after, late }) => invariants.written(role, { before, after, late });
  let steps = 0;
  const crashes = (_step: CallStep): boolean => {
    steps += 1;
    return steps === crashAt;
  };
  const world: SimWorld = {
    scheduler,
    kube,
    iam,
    lease: new SimLease(scheduler),
    tally: new FaultTally(),
    faults: () => noFaults,
    calls: new CallFaults(seededRandom(8), () => noFaults),
    options: { issuer: ISSUER, trustPolicyQuota: QUOTA },
    crashes,
    watcher: {
      onIamWrite: (write) => invariants.sent(write),
      onIamSettled: (role) => invariants.settled(role),
      onDeath: () => undefined,
      onPause: () => undefined,
      onRelease: (profile) => invariants.released(profile.metadata.name ?? ''),
      onAction: (id, action) => invariants.acted(id, action),
      onEvent: () => undefined,
      onCount: () => undefined,
    },
  };
  iam.createRole(ROLE_A, closedTrustDocument(PROVIDER));
  iam.createRole(ROLE_B, closedTrustDocument(PROVIDER));
  let count = 1;
  let process = new SimProcess('p1', world);
  const kubelet = (): void => {
    if (process.dead) {
      count += 1;
      process = new SimProcess(`p${count}`, world);
    }
    scheduler.at(1_000, 'kubelet', kubelet);
  };
  kubelet();
  const user = (at: number, run: () => void): void => void scheduler.at(at, 'user', run);
  user(1_000, () => kube.createProfile('user-a', specOf({ kind: 'trust', role: ROLE_A })));
  user(1_050, () => kube.createProfile('user-b', specOf({ kind: 'trust', role: ROLE_A })));
  user(40_000, () => kube.editProfile('user-a', () => specOf({ kind: 'trust', role: ROLE_B })));
  user(80_000, () => kube.deleteProfile('user-b'));
  user(120_000, () => kube.deleteProfile('user-a'));
  user(520_000, () => kube.createProfile('user-b', specOf({ kind: 'trust', role: ROLE_B })));
  await scheduler.runUntil(600_000, () => invariants.tick());
  for (const { invariant, message } of invariants.unrest(new Map())) invariants.break(invariant, message);
  const writes = [kube.writes, iam.writes];
  await scheduler.runUntil(700_000, () => invariants.tick());
  if (writes[0] !== kube.writes || writes[1] !== iam.writes) invariants.break('L1', 'an idle world is written to');
  return {
    steps,
    violations: invariants.violations,
    end: {
      documents: ['kf-user-demo', 'data'].map((role) => iam.document(role)),
      profiles: [...kube.profiles.keys()].sort(),
      objects: [...kube.objects.keys()].sort(),
    },
  };
}

it('a crash at any step of any call ends where no crash ends', { timeout: 120_000 }, async () => {
  const whole = await journey(0);
  expect(whole.violations).toEqual([]);
  expect(whole.end.profiles).toEqual(['user-b']);
  expect(whole.steps).toBeGreaterThan(120);
  for (let crashAt = 1; crashAt <= whole.steps; crashAt += 1) {
    const crashed = await journey(crashAt);
    expect({ crashAt, violations: crashed.violations, end: crashed.end }).toEqual({ crashAt, violations: [], end: whole.end });
  }
});
