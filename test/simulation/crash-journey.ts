import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import type { Violation } from './findings.ts';
import { Invariants } from './invariants.ts';
import { ISSUER, PROVIDER, QUOTA, ROLE_A, ROLE_B, specOf } from './scenario.ts';
import { type EndState, endState } from './world/end-state.ts';
import { CallFaults, FaultTally, noFaults } from './world/faults.ts';
import { Scheduler, seededRandom } from './world/scheduler.ts';
import { SimIam } from './world/sim-iam.ts';
import { SimKube } from './world/sim-kube.ts';
import { SimLease } from './world/sim-lease.ts';
import { SimProcess } from './world/sim-process.ts';
import type { SimWorld } from './world/sim-world.ts';

export interface Journey {
  /** Steps of calls that were met, in order. */
  readonly steps: number;
  readonly violations: readonly Violation[];
  /** What the world came to. */
  readonly end: EndState;
}

/** A takeover without release waits five minutes; every wait but the last of a row of crashes is cut short by the next crash. */
const DONE_AFTER_MS = 400_000;

/**
 * Two profiles are made, one changes its role, both are deleted, one is made again. The process is dropped wherever `crashes` says so:
 * before a call reaches the other side, after it was applied there, and after its answer was taken. `crashesUntil`: when the last of
 * those that meet a deletion may be, so that the profile is made again after it was got over.
 */
export async function crashJourney(crashes: (step: number, now: number) => boolean, crashesUntil = 120_000): Promise<Journey> {
  const scheduler = new Scheduler(seededRandom(7));
  const kube = new SimKube(scheduler);
  const iam = new SimIam(scheduler, QUOTA);
  const invariants = new Invariants({ scheduler, kube, iam, quota: QUOTA, faults: () => noFaults });
  iam.onChange = (role, { before, after, late }) => invariants.written(role, { before, after, late });
  let steps = 0;
  const world: SimWorld = {
    scheduler,
    kube,
    iam,
    lease: new SimLease(scheduler),
    tally: new FaultTally(),
    faults: () => noFaults,
    calls: new CallFaults(seededRandom(8), () => noFaults),
    options: { issuer: ISSUER, trustPolicyQuota: QUOTA },
    crashes: () => {
      steps += 1;
      return crashes(steps, scheduler.now);
    },
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
  const again = crashesUntil + DONE_AFTER_MS;
  user(again, () => kube.createProfile('user-b', specOf({ kind: 'trust', role: ROLE_B })));
  await scheduler.runUntil(again + 60_000, () => invariants.tick());
  for (const { invariant, message } of invariants.unrest(new Map())) invariants.break(invariant, message);
  const writes = [kube.writes, iam.writes];
  await scheduler.runUntil(again + 130_000, () => invariants.tick());
  if (writes[0] !== kube.writes || writes[1] !== iam.writes) invariants.break('L1', 'an idle world is written to');
  return { steps, violations: invariants.violations, end: endState(kube, iam) };
}
