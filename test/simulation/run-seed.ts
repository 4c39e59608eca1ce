import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import { describeAction } from '../../src/profile/action.ts';
import { type Case, type CaseEvent, drawCase, SPAN_MS } from './case.ts';
import type { Violation, Wrong } from './findings.ts';
import { Invariants } from './invariants.ts';
import { HOST_PATH, ISSUER, OWN_ROLE, PROVIDER, QUOTA, ROLE_A, ROLE_B, specOf } from './scenario.ts';
import { type CallFault, CallFaults, type FaultMix, FaultTally, noFaults } from './world/faults.ts';
import { Fleet } from './world/fleet.ts';
import { ec2, ForeignWriter } from './world/foreign-writer.ts';
import { Scheduler, seededRandom } from './world/scheduler.ts';
import { SimIam } from './world/sim-iam.ts';
import { SimKube } from './world/sim-kube.ts';
import { SimLease } from './world/sim-lease.ts';
import type { SimWorld } from './world/sim-world.ts';
import { TraceHash } from './world/trace-hash.ts';

/** Caches are listed anew this often: before that, a missed event may still be made good. */
const RELIST_MS = 120_000;
/** The controller's late-write window, and a look after it. */
const WINDOW_MS = 305_000;
/** The bound of L1, from when everything that was under way has landed. */
const CONVERGE_MS = 5 * 60_000;
/** Three resyncs of two roles. */
const IDLE_MS = 65_000;
const LOOK_MS = 20_000;
const REST_MS = 40_000;
const TAIL = 20_000;

/** What a run may replace: the faults, the controller, its ports, its options. */
export interface RunSettings {
  readonly faults?: FaultMix;
  readonly tamper?: SimWorld['tamper'];
  readonly make?: SimWorld['make'];
  readonly options?: Partial<SimWorld['options']>;
  /** IAM's own quota; default that of the scenario. */
  readonly quota?: number;
  /** Keeps the last lines of the trace. */
  readonly trace?: boolean;
}

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Every time that a subject was trusted and should not have been. */
  readonly wrongs: readonly Wrong[];
  readonly tally: FaultTally;
  /** Foreign statements overwritten between our last look and our write. */
  readonly lost: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Over every event and its time: two runs of a seed must agree. */
  readonly hash: string;
  /** The faults that calls met. */
  readonly calls: readonly CallFault[];
  readonly tail: readonly string[];
}

/** One run: users, faults, crashes; then everything heals, and the world must come to rest as wanted. */
export function runSeed(seed: number, settings: RunSettings = {}): Promise<RunResult> {
  return runCase(drawCase(seed, settings.faults), settings);
}

/** The same for a case that was drawn or shrunk already. */
export async function runCase(one: Case, settings: RunSettings = {}): Promise<RunResult> {
  const scheduler = new Scheduler(seededRandom(one.seed ^ 0x5bd1e995));
  let faults = one.mix;
  const quota = settings.quota ?? QUOTA;
  const [kube, iam, tally] = [new SimKube(scheduler), new SimIam(scheduler, quota), new FaultTally()];
  const calls = new CallFaults(seededRandom(one.seed ^ 0x1b873593), () => faults, one.calls);
  const invariants = new Invariants({ scheduler, kube, iam, quota, faults: () => faults, copies: () => foreign.copies });
  const hash = new TraceHash();
  const tail: string[] = [];
  const note = (line: string): void => {
    hash.number(scheduler.now);
    hash.text(line);
    if (!settings.trace) return;
    tail.push(`${(scheduler.now / 1000).toFixed(3)} ${line}`);
    if (tail.length > TAIL) tail.shift();
  };
  iam.onLate = (role, document) => invariants.late({ role, document });
  iam.onChange = (role, { before, after, by, late }) => {
    note(`iam ${role} by ${by}${late ? ' late' : ''}: ${after}`);
    if (by === 'foreign') invariants.foreignWrote(role, before, after);
    else invariants.written(role, { before, after, late });
  };
  const world: SimWorld = {
    scheduler,
    kube,
    iam,
    lease: new SimLease(scheduler),
    tally,
    faults: () => faults,
    calls,
    options: { issuer: ISSUER, trustPolicyQuota: QUOTA, ...settings.options },
    tamper: settings.tamper,
    make: settings.make,
    watcher: {
      onIamWrite: (write) => invariants.sent(write),
      onPause: (ms) => invariants.paused(ms),
      onDeath: (id) => fleet.died(id),
      onIamSettled: (role) => invariants.settled(role),
      onRelease: (profile) => invariants.released(profile.metadata.name ?? ''),
      onAction: (id, action) => {
        note(`${id} ${describeAction(action)}`);
        invariants.acted(id, action);
      },
      onEvent: ({ profile, reason }) => invariants.told('event', `${profile.metadata.name} ${reason}`),
      onCount: (name, labels) => {
        if (name === 'podrole_profile_conditions_total') invariants.told('counter', labels.reason ?? '');
      },
    },
  };
  setRoles(iam);
  invariants.foreignWrote('data', closedTrustDocument(PROVIDER), iam.document('data') ?? '');
  if (one.foreignNamespace !== undefined) kube.makeForeignNamespace(one.foreignNamespace);

  const fleet = new Fleet(world);
  const foreign = new ForeignWriter(world);
  const happen = (event: CaseEvent): void => {
    switch (event.kind) {
      case 'user':
        note(`user ${event.does} ${event.name} ${event.wish.kind}`);
        if (event.does === 'delete') kube.deleteProfile(event.name);
        else if (event.does === 'change') kube.editProfile(event.name, () => specOf(event.wish));
        else kube.createProfile(event.name, specOf(event.wish), event.finalizers);
        return;
      case 'foreignAppend':
      case 'foreignOverwrite':
      case 'foreignSubject':
      case 'foreignCopy':
      case 'roleRecreated':
        // An old document put back whole: what was revoked since is trusted again until the next look.
        if (foreign.write(event) && event.kind === 'foreignOverwrite') invariants.excuse(6 * 60_000);
        return;
      default: {
        const hit = fleet.disturb(event);
        if (hit !== undefined) note(`${event.kind} ${hit}`);
      }
    }
  };
  for (const event of one.events) scheduler.at(event.at, event.kind, () => happen(event));
  const tick = (name: string): void => {
    note(name);
    invariants.tick();
  };
  await scheduler.runUntil(SPAN_MS, tick);
  faults = noFaults;
  await scheduler.runUntil(SPAN_MS + RELIST_MS, tick);
  invariants.checkDeletions();
  await comeToRest({ scheduler, kube, iam, tick, unrest: () => invariants.unrest(foreign.subjects) });
  for (const { invariant, message } of invariants.unrest(foreign.subjects)) invariants.break(invariant, message);
  const writes = [kube.writes, iam.writes];
  await scheduler.runUntil(scheduler.now + IDLE_MS, tick);
  if (kube.writes !== writes[0] || iam.writes !== writes[1])
    invariants.break(
      'L1',
      `an idle world is written to: ${kube.writes - (writes[0] ?? 0)} Kubernetes, ${iam.writes - (writes[1] ?? 0)} IAM writes`,
    );
  return {
    seed: one.seed,
    violations: invariants.violations,
    wrongs: invariants.ended(),
    tally,
    lost: invariants.lost.length,
    events: scheduler.steps,
    virtualMs: scheduler.now,
    hash: hash.digest(),
    calls: calls.met,
    tail,
  };
}

interface Resting {
  readonly scheduler: Scheduler;
  readonly kube: SimKube;
  readonly iam: SimIam;
  readonly tick: (name: string) => void;
  readonly unrest: () => readonly unknown[];
}

/** Faults have ended. A world that has come to rest is not watched any longer than it takes to see that it stays so. */
async function comeToRest({ scheduler, kube, iam, tick, unrest }: Resting): Promise<void> {
  while (iam.pendingLate > 0 || scheduler.now < iam.uncertainAt + WINDOW_MS) await scheduler.runUntil(scheduler.now + LOOK_MS, tick);
  const latest = scheduler.now + CONVERGE_MS;
  for (let rest = 0; rest < REST_MS && scheduler.now < latest; ) {
    const before = kube.writes + iam.writes;
    await scheduler.runUntil(scheduler.now + LOOK_MS, tick);
    rest = before === kube.writes + iam.writes && unrest().length === 0 ? rest + LOOK_MS : 0;
  }
}

/** One role that admits nobody, the controller's own, and one as upstream leaves it when its last profile goes: bound to the audience alone. */
function setRoles(iam: SimIam): void {
  iam.createRole(ROLE_A, closedTrustDocument(PROVIDER));
  iam.createRole(OWN_ROLE, JSON.stringify({ Version: '2012-10-17', Statement: [ec2] }));
  const legacy = {
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${HOST_PATH}:aud`]: ['sts.amazonaws.com'] } },
  };
  iam.createRole(ROLE_B, JSON.stringify({ Version: '2012-10-17', Statement: [ec2, legacy] }));
}
