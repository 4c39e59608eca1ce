import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { ISSUER, PROVIDER, QUOTA, ROLE_A, ROLE_B } from './scenario.ts';
import { type EndState, endState } from './world/end-state.ts';
import { CallFaults, type FaultMix, FaultTally, noFaults } from './world/faults.ts';
import { Fleet } from './world/fleet.ts';
import { type Random, Scheduler, seededRandom } from './world/scheduler.ts';
import { SimIam } from './world/sim-iam.ts';
import { SimKube } from './world/sim-kube.ts';
import { SimLease } from './world/sim-lease.ts';
import type { SimWorld } from './world/sim-world.ts';

const TROUBLE_MS = 45_000;
const LOOK_MS = 20_000;
/** Longer than a subject may be held on a role that it is about to leave. */
const REST_MS = 140_000;
const WINDOW_MS = 305_000;
const LONGEST_MS = 30 * 60_000;

/** One thing that is declared. */
export type Declared =
  | { readonly does: 'apply'; readonly name: string; readonly spec: NonNullable<Profile['spec']> }
  | { readonly does: 'delete'; readonly name: string };

export interface Walked {
  /** After each step, when the world had come to rest. */
  readonly states: readonly EndState[];
  /** What was made and deleted how often, all in all. */
  readonly made: Readonly<Record<string, number>>;
  readonly unmade: Readonly<Record<string, number>>;
  readonly tally: FaultTally;
}

/**
 * Declares one state after the other, each when the world has come to rest in the one before. With a mix of faults every step is followed
 * by some time of trouble. Rejects when a step does not come to rest.
 */
export async function walk(steps: readonly Declared[], { seed, mix }: { readonly seed: number; readonly mix: FaultMix }): Promise<Walked> {
  const scheduler = new Scheduler(seededRandom(seed ^ 0x2545f491));
  const random = seededRandom(seed);
  let faults = noFaults;
  const [kube, iam, tally] = [new SimKube(scheduler), new SimIam(scheduler, QUOTA), new FaultTally()];
  const world: SimWorld = {
    scheduler,
    kube,
    iam,
    tally,
    lease: new SimLease(scheduler),
    faults: () => faults,
    calls: new CallFaults(seededRandom(seed ^ 0x1b873593), () => faults),
    options: { issuer: ISSUER, trustPolicyQuota: QUOTA },
    watcher: {
      onIamWrite: () => undefined,
      onIamSettled: () => undefined,
      onPause: () => undefined,
      onDeath: (id) => fleet.died(id),
      onRelease: () => undefined,
      onAction: () => undefined,
      onEvent: () => undefined,
      onCount: () => undefined,
    },
  };
  iam.createRole(ROLE_A, closedTrustDocument(PROVIDER));
  iam.createRole(ROLE_B, closedTrustDocument(PROVIDER));
  const fleet = new Fleet(world);
  const states: EndState[] = [];
  await scheduler.runUntil(1_000, () => undefined);
  for (const step of steps) {
    faults = mix;
    if (mix !== noFaults) disturb(fleet, random, { scheduler, mix });
    declare(kube, step);
    if (mix !== noFaults) await scheduler.runUntil(scheduler.now + TROUBLE_MS, () => undefined);
    faults = noFaults;
    await rest(world);
    states.push(endState(kube, iam));
  }
  return { states, made: Object.fromEntries(kube.made), unmade: Object.fromEntries(kube.unmade), tally };
}

function declare(kube: SimKube, step: Declared): void {
  if (step.does === 'delete') kube.deleteProfile(step.name);
  else if (kube.profiles.has(step.name)) kube.editProfile(step.name, () => step.spec);
  else kube.createProfile(step.name, step.spec);
}

/** Crashes, pauses and the like in the time of trouble, each at its rate per minute. */
function disturb(fleet: Fleet, random: Random, { scheduler, mix }: { readonly scheduler: Scheduler; readonly mix: FaultMix }): void {
  for (const kind of ['crash', 'pause', 'restart', 'kubeOutage'] as const) {
    if (!random.chance(Math.min(1, mix[kind]))) continue;
    const ms = Math.round(random.between(2_000, 16_000));
    scheduler.at(random.between(0, TROUBLE_MS / 2), kind, () => fleet.disturb({ at: 0, kind, victim: 'leader', ms }));
  }
}

/** A world at rest has nothing under way, and is written to by nobody for as long as anything in it may wait. */
async function rest({ scheduler, kube, iam }: SimWorld): Promise<void> {
  const latest = scheduler.now + LONGEST_MS;
  for (let still = 0; still < REST_MS; ) {
    if (scheduler.now > latest) throw new Error('the world does not come to rest');
    const before = kube.writes + iam.writes;
    await scheduler.runUntil(scheduler.now + LOOK_MS, () => undefined);
    const quiet = before === kube.writes + iam.writes && iam.pendingLate === 0 && scheduler.now >= iam.uncertainAt + WINDOW_MS;
    still = quiet ? still + LOOK_MS : 0;
  }
}
