import { createHash } from 'node:crypto';
import { closedTrustDocument } from '../../src/iam/trust-document.ts';
import { describeAction } from '../../src/profile/action.ts';
import { type Intervals, Invariants, type Violation } from './invariants.ts';
import { drawSteps, HOST_PATH, ISSUER, PROVIDER, QUOTA, ROLE_A, ROLE_B } from './scenario.ts';
import { drawFaults, type FaultMix, FaultTally, noFaults } from './world/faults.ts';
import { type Random, Scheduler, seededRandom } from './world/scheduler.ts';
import { SimIam } from './world/sim-iam.ts';
import { SimKube } from './world/sim-kube.ts';
import { SimLease } from './world/sim-lease.ts';
import { SimProcess } from './world/sim-process.ts';
import type { SimWorld } from './world/sim-world.ts';

const SPAN_MS = 8 * 60_000;
const LATEST_WRITE_MS = 300_000;
const CONVERGE_MS = 7 * 60_000;
const IDLE_MS = 2 * 60_000;
const LOOK_MS = 20_000;
const REST_MS = 40_000;
const STEPS = 14;

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
  readonly intervals: Intervals;
  readonly tally: FaultTally;
  readonly lost: number;
  readonly events: number;
  readonly virtualMs: number;
  /** SHA-256 over every event and its time: two runs of a seed must agree. */
  readonly hash: string;
  readonly tail: readonly string[];
}

const ec2 = { Sid: 'Ec2', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };

/** One run: users, faults, crashes; then everything heals, and the world must come to rest as wanted. */
export async function runSeed(seed: number, settings: RunSettings = {}): Promise<RunResult> {
  const random = seededRandom(seed);
  const scheduler = new Scheduler(random);
  const mix = settings.faults ?? drawFaults(random);
  let faults = mix;
  const kube = new SimKube(scheduler);
  const quota = settings.quota ?? QUOTA;
  const iam = new SimIam(scheduler, quota);
  const tally = new FaultTally();
  const invariants = new Invariants({ scheduler, kube, iam, quota, faults: () => faults });
  const lines: string[] = [];
  const tail: string[] = [];
  const note = (line: string): void => {
    lines.push(`${scheduler.now.toFixed(3)} ${line}\n`);
    if (settings.trace) {
      tail.push(`${(scheduler.now / 1000).toFixed(3)} ${line}`);
      if (tail.length > 20_000) tail.shift();
    }
  };
  iam.onLate = (role, document) => invariants.late({ role, document });
  iam.onChange = (role, { before, after, by, late }) => {
    note(`iam ${role} by ${by}${late ? ' late' : ''}: ${after}`);
    if (by === 'foreign') invariants.foreignWrote(before, after);
    else invariants.written(role, { before, after, late });
  };
  const world: SimWorld = {
    scheduler,
    kube,
    iam,
    lease: new SimLease(scheduler),
    tally,
    faults: () => faults,
    options: { issuer: ISSUER, trustPolicyQuota: QUOTA, ...settings.options },
    tamper: settings.tamper,
    make: settings.make,
    watcher: {
      onIamWrite: (write) => invariants.sent(write),
      onPause: (ms) => invariants.paused(ms),
      onIamSettled: (role) => invariants.settled(role),
      onRelease: (profile) => invariants.released(profile.metadata.name ?? ''),
      onAction: (id, action) => {
        note(`${id} ${describeAction(action)}`);
        invariants.acted(action);
      },
      onEvent: () => undefined,
      onCount: () => undefined,
    },
  };
  iam.createRole(ROLE_A, closedTrustDocument(PROVIDER));
  iam.createRole(ROLE_B, JSON.stringify({ Version: '2012-10-17', Statement: [ec2, legacyStatement()] }));
  invariants.foreignWrote(closedTrustDocument(PROVIDER), iam.document('data') ?? '');

  const fleet = new Fleet(world, random, note);
  for (const step of drawSteps(random, STEPS, SPAN_MS)) {
    scheduler.at(step.at, 'user', () => {
      note(`user ${step.does} ${step.name}`);
      step.run(kube);
    });
  }
  const foreign = new ForeignWriter(world, invariants, note);
  fleet.disturb(SPAN_MS, () => faults);
  foreign.disturb(SPAN_MS, () => faults);
  const tick = (name: string): void => {
    note(name);
    invariants.tick();
  };
  await scheduler.runUntil(SPAN_MS, tick);
  faults = noFaults;
  await scheduler.runUntil(SPAN_MS + LATEST_WRITE_MS, tick);
  // A world that has come to rest is not watched any longer than it takes to see that it stays so.
  const latest = scheduler.now + CONVERGE_MS;
  for (let rest = 0; rest < REST_MS && scheduler.now < latest; ) {
    const before = kube.writes + iam.writes;
    await scheduler.runUntil(scheduler.now + LOOK_MS, tick);
    rest = before === kube.writes + iam.writes && invariants.unrest(foreign.subjects).length === 0 ? rest + LOOK_MS : 0;
  }
  for (const { invariant, message } of invariants.unrest(foreign.subjects)) invariants.break(invariant, message);
  const writes = [kube.writes, iam.writes];
  await scheduler.runUntil(scheduler.now + IDLE_MS, tick);
  if (kube.writes !== writes[0] || iam.writes !== writes[1])
    invariants.break(
      'L1',
      `an idle world is written to: ${kube.writes - (writes[0] ?? 0)} Kubernetes, ${iam.writes - (writes[1] ?? 0)} IAM writes`,
    );
  return {
    seed,
    violations: invariants.violations,
    intervals: invariants.intervals,
    tally,
    lost: invariants.lost.length,
    events: scheduler.steps,
    virtualMs: scheduler.now,
    hash: createHash('sha256').update(lines.join('')).digest('hex'),
    tail,
  };
}

/** A statement as upstream leaves it on a role whose last profile went: bound to the audience alone. */
function legacyStatement(): object {
  return {
    Effect: 'Allow',
    Principal: { Federated: PROVIDER },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${HOST_PATH}:aud`]: ['sts.amazonaws.com'] } },
  };
}

/** The replicas: two at any time, each crashed, paused or stopped now and then, and started anew. */
class Fleet {
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #note: (line: string) => void;
  readonly #processes: SimProcess[] = [];
  #count = 0;

  constructor(world: SimWorld, random: Random, note: (line: string) => void) {
    this.#world = world;
    this.#random = random;
    this.#note = note;
    this.#start();
    this.#start();
    this.#watch();
  }

  #start(): void {
    this.#count += 1;
    this.#processes.push(new SimProcess(`p${this.#count}`, this.#world));
  }

  /** Kubernetes starts a replica anew some seconds after it ended. */
  #watch(): void {
    this.#world.scheduler.at(3_000, 'kubelet', () => {
      for (const process of [...this.#processes]) {
        if (!process.dead) continue;
        this.#processes.splice(this.#processes.indexOf(process), 1);
        this.#start();
      }
      this.#watch();
    });
  }

  /** Each fault at its rate per virtual minute. */
  disturb(untilMs: number, faults: () => FaultMix): void {
    const { scheduler, tally } = this.#world;
    for (const kind of ['crash', 'pause', 'restart'] as const) {
      const next = (): void => {
        const rate = faults()[kind];
        if (rate === 0) return;
        scheduler.at((-Math.log(1 - this.#random.next()) * 60_000) / rate, kind, () => {
          if (scheduler.now > untilMs) return;
          const leader = this.#processes.find((process) => process.leads && !process.dead);
          const victim = this.#random.chance(0.8) ? leader : this.#random.pick(this.#processes);
          if (victim !== undefined && !victim.dead && !victim.paused) {
            tally.hit(kind);
            this.#note(`${kind} ${victim.id}`);
            if (kind === 'crash') victim.crash();
            else if (kind === 'restart') victim.stop();
            else victim.pause(this.#random.between(2_000, 120_000));
          }
          next();
        });
      };
      next();
    }
  }
}

/** Terraform, another cluster, a human: appends statements of its own, overwrites, and adds subjects to ours. */
class ForeignWriter {
  readonly #world: SimWorld;
  readonly #invariants: Invariants;
  readonly #note: (line: string) => void;
  /** Subjects it added to our statements, by role. */
  readonly subjects = new Map<string, Set<string>>();
  #count = 0;

  constructor(world: SimWorld, invariants: Invariants, note: (line: string) => void) {
    this.#world = world;
    this.#invariants = invariants;
    this.#note = note;
  }

  disturb(untilMs: number, faults: () => FaultMix): void {
    const { scheduler } = this.#world;
    for (const kind of ['foreignAppend', 'foreignOverwrite', 'foreignSubject'] as const) {
      const next = (): void => {
        const rate = faults()[kind];
        if (rate === 0) return;
        scheduler.at((-Math.log(1 - scheduler.random.next()) * 60_000) / rate, kind, () => {
          if (scheduler.now <= untilMs) {
            this.#write(kind);
            next();
          }
        });
      };
      next();
    }
    // One overwrite at the very end, which no crash or step of a user heals by accident.
    if (faults().foreignOverwrite > 0) scheduler.at(untilMs - 1_000, 'last overwrite', () => this.#write('foreignOverwrite'));
  }

  #write(kind: 'foreignAppend' | 'foreignOverwrite' | 'foreignSubject'): void {
    const { iam, scheduler, tally } = this.#world;
    const role = scheduler.random.pick(['kf-user-demo', 'data']);
    const versions = iam.roles.get(role)?.versions ?? [];
    const current = versions.at(-1)?.document;
    if (current === undefined) return;
    if (kind === 'foreignOverwrite') {
      // An old document put back whole: what was revoked since is trusted again until the next look.
      const old = scheduler.random.pick(versions).document;
      if (old === current) return;
      tally.hit(kind);
      this.#invariants.excuse(6 * 60_000);
      this.#note(`foreign overwrites ${role}`);
      iam.write(role, old, 'foreign');
      return;
    }
    const document = JSON.parse(current) as {
      Version: string;
      Statement: { Sid?: string; Condition?: { StringEquals?: Record<string, string[]> } }[];
    };
    if (kind === 'foreignSubject') {
      const ours = document.Statement.find((one) => /^Podrole[0-9a-f]{12}$/.test(one.Sid ?? ''));
      const subjects = ours?.Condition?.StringEquals?.[`${HOST_PATH}:sub`];
      if (!Array.isArray(subjects)) return;
      const subject = 'system:serviceaccount:ops:deployer';
      if (subjects.includes(subject)) return;
      subjects.push(subject);
      this.subjects.set(role, (this.subjects.get(role) ?? new Set()).add(subject));
    } else {
      if (document.Statement.length > 12) return;
      this.#count += 1;
      document.Statement.push({ ...ec2, Sid: `Foreign${this.#count}` });
    }
    tally.hit(kind);
    this.#note(`${kind} ${role}`);
    iam.write(role, JSON.stringify(document), 'foreign');
  }
}
