import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/base/clock.ts';
import { PodroleError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import type { Action } from '../../../src/profile/action.ts';
import { createProfileController, type ProfileController } from '../../../src/profile/create-profile-controller.ts';
import type { ProfileControllerOptions } from '../../../src/profile/options.ts';
import type { ObjectRef, ProfileControllerDeps, ProfileEvent, RoleReadOutcome, UpdateOutcome } from '../../../src/profile/ports.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import { FIELD_MANAGER } from '../../../src/profile/profile.ts';
import type { FaultMix, FaultTally } from './faults.ts';
import type { Random, Scheduler } from './scheduler.ts';
import type { SimIam } from './sim-iam.ts';
import { type KubeChange, refKey, type SimKube } from './sim-kube.ts';
import type { SimLease } from './sim-lease.ts';

/** What a process can see of its own writes, for the invariants. */
export interface ProcessWatcher {
  /** Just before an IAM write leaves: lease time left, deadline, writes in flight of this role in this process. */
  onIamWrite(write: {
    readonly process: string;
    readonly role: string;
    readonly document: string;
    readonly leaseMs: number;
    readonly deadlineMs: number;
    readonly inFlight: number;
  }): void;
  onIamSettled(role: string): void;
  onPause(ms: number): void;
  /** A finalizer is about to leave. */
  onRelease(profile: Profile, finalizers: readonly string[]): void;
  onAction(process: string, action: Action): void;
  onEvent(event: ProfileEvent): void;
  onCount(name: string, labels: Readonly<Record<string, string>>): void;
}

export interface SimWorld {
  readonly scheduler: Scheduler;
  readonly kube: SimKube;
  readonly iam: SimIam;
  readonly lease: SimLease;
  readonly watcher: ProcessWatcher;
  readonly tally: FaultTally;
  faults: () => FaultMix;
  readonly options: ProfileControllerOptions;
  /** Replaces a part of the controller by a planted bug. */
  readonly tamper?: ((deps: ProfileControllerDeps) => ProfileControllerDeps) | undefined;
  /** Another controller altogether. */
  readonly make?: ((deps: ProfileControllerDeps, options: ProfileControllerOptions) => ProfileController) | undefined;
  readonly elected?: boolean;
  /** Asked at each step of each call of a process: true drops the process right there. */
  readonly crashes?: (step: CallStep) => boolean;
}

/** Before a call reaches the other side, after it was applied there, and after its answer was taken. */
export type CallStep = 'before' | 'applied' | 'answered';

const RENEW_MS = 2_000;
const LEASE_MS = 15_000;
const RELIST_MS = 120_000;

/** One replica: its caches, its election, its controller, and the wires between them and the world. */
export class SimProcess {
  readonly id: string;
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #profiles = new Map<string, Profile>();
  readonly #objects = new Map<string, KubeObject>();
  readonly #waiting: (() => void)[] = [];
  readonly #inFlight = new Map<string, number>();
  #controller: ProfileController | undefined;
  #term: AbortController | undefined;
  #run: Promise<void> | undefined;
  #stopping = false;
  #takenOverAt: number | undefined;
  /** What the process knows of its lease; never longer than the server's. */
  #leaseUntil = 0;
  #dead = false;
  #paused = false;
  readonly #listener = (change: KubeChange): void => this.#hear(change);

  constructor(id: string, world: SimWorld) {
    this.id = id;
    this.#world = world;
    this.#random = world.scheduler.random;
    for (const [name, profile] of world.kube.profiles) this.#profiles.set(name, profile);
    for (const [key, { object }] of world.kube.objects) this.#objects.set(key, object);
    world.kube.listeners.add(this.#listener);
    this.#elect();
    this.#relist();
  }

  get dead(): boolean {
    return this.#dead;
  }

  get leads(): boolean {
    return this.#controller !== undefined;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The process object is dropped: none of its promises ever goes on. Requests in flight may still apply. */
  crash(): void {
    this.#dead = true;
    this.#world.kube.listeners.delete(this.#listener);
  }

  /** SIGSTOP for a while: time goes on, the process does not. */
  pause(ms: number): void {
    if (this.#paused || this.#dead) return;
    this.#paused = true;
    this.#world.watcher.onPause(ms);
    this.#world.scheduler.at(ms, `${this.id} resumes`, () => {
      this.#paused = false;
      for (const run of this.#waiting.splice(0)) this.#deliver(run);
    });
  }

  /** SIGTERM: ends in good order, and releases the lease if nothing is unsettled. */
  stop(): void {
    this.#stopping = true;
    const controller = this.#controller;
    const exit = (): void => {
      if (this.#dead) return;
      if (controller?.settled() !== false) this.#world.lease.release(this.id);
      this.crash();
    };
    this.#term?.abort(new Error('stopped'));
    if (this.#run === undefined) exit();
    else void this.#run.then(exit, exit);
  }

  /** Whether the process still lives at this step of a call. */
  #survives(step: CallStep): boolean {
    if (!this.#dead && this.#world.crashes?.(step) === true) this.crash();
    return !this.#dead;
  }

  #deliver(run: () => void): void {
    if (this.#dead) return;
    if (this.#paused) this.#waiting.push(run);
    else run();
  }

  #later(ms: number, run: () => void, name = this.id): void {
    this.#world.scheduler.at(ms, name, () => this.#deliver(run));
  }

  /** One request of the election: what it did at the server and what the process learns of it are some milliseconds apart. */
  #elect(): void {
    const { scheduler, lease } = this.#world;
    scheduler.at(this.#random.between(1, 8), `${this.id} → lease`, () => {
      if (this.#dead || (this.#stopping && this.#controller === undefined)) return;
      const asked = scheduler.now;
      const renewed = lease.renew(this.id);
      this.#later(this.#random.between(1, 8), () => {
        const leading = this.#controller !== undefined;
        if (renewed.held && !(leading && renewed.acquired)) this.#leaseUntil = asked + LEASE_MS;
        if (renewed.acquired && !leading) this.#lead(renewed.takenOver);
        if (leading && (renewed.acquired || !renewed.held)) {
          // As client-go does: a leader that lost its lease ends, and is started anew.
          this.#term?.abort(new Error('lease lost'));
          this.crash();
          return;
        }
        this.#later(RENEW_MS, () => this.#elect(), `${this.id} renews`);
      });
    });
  }

  #lead(takenOver: boolean): void {
    this.#takenOverAt = takenOver ? this.#world.scheduler.now : undefined;
    const term = new AbortController();
    this.#term = term;
    const deps = this.#deps();
    const make = this.#world.make ?? createProfileController;
    const controller = make(this.#world.tamper?.(deps) ?? deps, this.#world.options);
    controller.onAction((action) => this.#world.watcher.onAction(this.id, action));
    this.#controller = controller;
    this.#run = controller.start(term.signal);
  }

  #hear(change: KubeChange): void {
    const faults = this.#world.faults();
    if (faults.missedEvent > 0 && this.#random.chance(faults.missedEvent)) {
      this.#world.tally.hit('missedEvent');
      return;
    }
    const lag = this.#random.between(1, Math.max(2, faults.cacheLagMs));
    if (lag > 1_000) this.#world.tally.hit('cacheLagMs');
    this.#later(lag, () => this.#take(change), `${this.id} hears`);
  }

  #take(change: KubeChange): void {
    if (change.kind === 'profile') {
      const known = this.#profiles.get(change.name);
      if (change.object === undefined) {
        // A deletion that arrives after the news of a successor says nothing about it.
        if (this.#world.kube.profiles.get(change.name)?.metadata.uid === known?.metadata.uid && this.#world.kube.profiles.has(change.name))
          return;
        this.#profiles.delete(change.name);
      } else {
        if (known !== undefined && Number(known.metadata.resourceVersion) >= Number(change.object.metadata.resourceVersion)) return;
        this.#profiles.set(change.name, change.object);
      }
      this.#controller?.profileChanged(change.name);
      return;
    }
    const key = refKey(change.ref);
    const known = this.#objects.get(key);
    if (change.object === undefined) this.#objects.delete(key);
    else {
      if (known !== undefined && Number(known.metadata.resourceVersion) >= Number(change.object.metadata.resourceVersion)) return;
      this.#objects.set(key, change.object);
    }
    this.#controller?.objectChanged(
      change.object ??
        ({
          metadata: { name: change.ref.name, ...(change.ref.namespace === undefined ? {} : { namespace: change.ref.namespace }) },
        } as KubeObject),
    );
  }

  /** The watch is lost and listed anew: missed events are made good. */
  #relist(): void {
    this.#later(RELIST_MS, () => {
      const { kube } = this.#world;
      const names = new Set([...this.#profiles.keys(), ...kube.profiles.keys()]);
      this.#profiles.clear();
      for (const [name, profile] of kube.profiles) this.#profiles.set(name, profile);
      this.#objects.clear();
      for (const [key, { object }] of kube.objects) this.#objects.set(key, object);
      for (const name of [...names].sort()) this.#controller?.profileChanged(name);
      this.#relist();
    });
  }

  /** One Kubernetes request: it takes time each way, may be refused, and may be applied without an answer. */
  #kube<T>(signal: AbortSignal, call: () => T): Promise<T> {
    const faults = this.#world.faults();
    return new Promise((resolve, reject) => {
      this.#world.scheduler.at(this.#random.between(1, 8), `${this.id} → kube`, () => {
        if (this.#random.chance(faults.kubeRefused)) {
          this.#world.tally.hit('kubeRefused');
          this.#later(2, () => reject(new PodroleError('the API server is overloaded', { code: 'kube-api-refused', retry: 'backoff' })));
          return;
        }
        if (!this.#survives('before')) return;
        const value = call();
        if (!this.#survives('applied')) return;
        const lost = this.#random.chance(faults.kubeLostAnswer);
        if (lost) this.#world.tally.hit('kubeLostAnswer');
        this.#later(this.#random.between(1, 8), () => {
          if (!this.#survives('answered')) return;
          if (signal.aborted) reject(signal.reason);
          else if (lost) reject(new PodroleError('no answer', { code: 'kube-api-unreachable', retry: 'backoff' }));
          else resolve(value);
        });
      });
    });
  }

  #getRole(name: string): Promise<RoleReadOutcome> {
    const faults = this.#world.faults();
    return new Promise((resolve) => {
      if (this.#random.chance(faults.iamHang)) {
        this.#world.tally.hit('iamHang');
        return;
      }
      this.#world.scheduler.at(this.#random.between(5, 60), `${this.id} → iam read`, () => {
        let answer: RoleReadOutcome;
        if (this.#random.chance(faults.iamThrottled)) {
          this.#world.tally.hit('iamThrottled');
          answer = { kind: 'failed', code: 'Throttling', message: 'Rate exceeded' };
        } else if (this.#random.chance(faults.iamDenied)) {
          this.#world.tally.hit('iamDenied');
          answer = { kind: 'failed', code: 'AccessDenied', message: 'not authorized to perform: iam:GetRole' };
        } else {
          if (faults.iamStaleMs > 0) this.#world.tally.hit('iamStaleMs');
          answer = this.#world.iam.read(name, faults.iamStaleMs);
        }
        // The worst moment for a pause is between the last look and the write.
        if (faults.pause > 0 && this.#random.chance(faults.pause / 100)) {
          this.#world.tally.hit('pause');
          this.pause(this.#random.between(5_000, 60_000));
        }
        this.#later(this.#random.between(5, 60), () => resolve(answer));
      });
    });
  }

  #updateTrustPolicy(role: string, document: string, deadlineMs: number): Promise<UpdateOutcome> {
    const { iam, scheduler, tally, lease, watcher } = this.#world;
    const faults = this.#world.faults();
    const inFlight = (this.#inFlight.get(role) ?? 0) + 1;
    this.#inFlight.set(role, inFlight);
    const leaseMs = this.#world.elected === false ? Number.POSITIVE_INFINITY : lease.remaining(this.id);
    watcher.onIamWrite({ process: this.id, role, document, leaseMs, deadlineMs, inFlight });
    return new Promise((resolve) => {
      const settle = (outcome: UpdateOutcome): void => {
        if (!this.#survives('answered')) return;
        this.#inFlight.set(role, (this.#inFlight.get(role) ?? 1) - 1);
        watcher.onIamSettled(role);
        resolve(outcome);
      };
      const apply = (): UpdateOutcome => iam.write(role, document, this.id);
      scheduler.at(this.#random.between(5, 80), `${this.id} → iam write`, () => {
        if (!this.#survives('before')) return;
        const answer = (ms: number, outcome: UpdateOutcome): void => this.#later(ms, () => settle(outcome));
        if (this.#random.chance(faults.iamThrottled)) {
          tally.hit('iamThrottled');
          answer(20, { kind: 'refused', code: 'Throttling', message: 'Rate exceeded' });
        } else if (this.#random.chance(faults.iamTimeout)) {
          tally.hit('iamTimeout');
          answer(deadlineMs - 100, { kind: 'unknown', message: 'no answer from IAM' });
        } else if (this.#random.chance(faults.iamLateApply)) {
          tally.hit('iamLateApply');
          // SigV4 refuses what arrives more than five minutes after it was signed.
          const landed = iam.onLate(role, document);
          scheduler.at(this.#random.between(0, 299_000), 'late iam write', () => {
            landed();
            iam.write(role, document, this.id, true);
          });
          answer(deadlineMs - 100, { kind: 'unknown', message: 'no answer from IAM' });
        } else {
          const outcome = apply();
          if (!this.#survives('applied')) return;
          if (this.#random.chance(faults.iamLostAnswer)) {
            tally.hit('iamLostAnswer');
            answer(deadlineMs - 100, { kind: 'unknown', message: 'no answer from IAM' });
          } else answer(this.#random.between(5, 80), outcome);
        }
      });
    });
  }

  #clock(): Clock {
    const { scheduler } = this.#world;
    const base = scheduler.clock(this.id);
    return { now: base.now, monotonic: base.monotonic, after: (ms, run) => scheduler.at(ms, `${this.id} timer`, () => this.#deliver(run)) };
  }

  #deps(): ProfileControllerDeps {
    const { kube, watcher, tally } = this.#world;
    const elected = this.#world.elected !== false;
    return {
      clock: this.#clock(),
      log: silentLog,
      random: () => this.#random.next(),
      sha256Hex: (text) => createHash('sha256').update(text).digest('hex'),
      processId: this.id,
      lease: {
        elected,
        remainingMs: () => (elected ? this.#leaseUntil - this.#world.scheduler.now : Number.POSITIVE_INFINITY),
        takenOverAt: () => (elected ? this.#takenOverAt : undefined),
      },
      events: { emit: (event) => watcher.onEvent(event) },
      metrics: { count: (name, labels) => watcher.onCount(name, labels), set: () => undefined },
      callerIdentity: () => Promise.resolve({ arn: 'arn:aws:sts::111122223333:assumed-role/podrole-controller/1' }),
      readLabels: () => Promise.resolve('app.kubernetes.io/part-of: kubeflow-profile\n'),
      profiles: {
        list: () => [...this.#profiles.values()],
        get: (name) => this.#profiles.get(name),
        read: (name, signal) => this.#kube(signal, () => kube.profiles.get(name)),
        readAll: (signal) => this.#kube(signal, () => [...kube.profiles.values()]),
        addFinalizer: (profile, finalizer, signal) => this.#kube(signal, () => kube.addFinalizer(profile, finalizer)),
        removeFinalizers: (profile, finalizers, signal) =>
          this.#kube(signal, () => {
            const stored = kube.profiles.get(profile.metadata.name ?? '');
            if (stored?.metadata.resourceVersion === profile.metadata.resourceVersion && stored?.metadata.uid === profile.metadata.uid)
              watcher.onRelease(profile, finalizers);
            return kube.removeFinalizers(profile, finalizers);
          }),
        applyStatus: (profile, status, signal) => this.#kube(signal, () => kube.applyStatus(profile, status)),
      },
      objects: {
        get: (ref: ObjectRef) => this.#objects.get(refKey(ref)),
        serves: (resource) => resource.plural !== 'authorizationpolicies',
        read: (ref, signal) => this.#kube(signal, () => kube.objects.get(refKey(ref))?.object),
        apply: (resource, object, signal) =>
          this.#kube(signal, () => ({ ok: true as const, object: kube.apply(resource, object, FIELD_MANAGER) })),
        delete: (ref, signal) => this.#kube(signal, () => kube.delete(ref)),
        removeEntry: (ref, entry, signal) =>
          this.#kube(signal, () => {
            const object = kube.objects.get(refKey(ref))?.object;
            if (object?.metadata[entry.map]?.[entry.key] !== entry.value) return undefined;
            return kube.edit(ref, ['metadata', entry.map, entry.key], undefined);
          }),
      },
      records: {
        list: (signal) => this.#kube(signal, () => [...kube.records.values()]),
        read: (name, signal) => this.#kube(signal, () => kube.records.get(name)),
        put: (object, signal) =>
          this.#kube(signal, () => {
            if (this.#random.chance(this.#world.faults().recordConflict)) {
              tally.hit('recordConflict');
              return { kind: 'conflict' as const };
            }
            return kube.putRecord(object);
          }),
        delete: (object, signal) => this.#kube(signal, () => kube.deleteRecord(object)),
      },
      trustPolicies: {
        getRole: (name) => this.#getRole(name),
        updateTrustPolicy: (name, document, { deadlineMs }) => this.#updateTrustPolicy(name, document, deadlineMs),
      },
    };
  }
}
