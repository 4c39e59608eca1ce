import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/base/clock.ts';
import { PodroleError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import type { ObjectRef, ProfileControllerDeps, RoleReadOutcome, UpdateOutcome } from '../../../src/profile/ports.ts';
import { FIELD_MANAGER, type Profile } from '../../../src/profile/profile.ts';
import type { Random } from './scheduler.ts';
import { refKey } from './sim-kube.ts';
import type { CallStep, SimWorld } from './sim-world.ts';

/** What the wires need of the process they belong to. */
export interface PortOwner {
  readonly id: string;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly objects: ReadonlyMap<string, KubeObject>;
  leaseUntil(): number;
  takenOverAt(): number | undefined;
  pause(ms: number): void;
  /** Runs now, or when the process is no longer paused, or never. */
  deliver(run: () => void): void;
  later(ms: number, run: () => void, name?: string): void;
  survives(step: CallStep): boolean;
}

/** The wires between one process and the world: latency, faults, and crashes at every step of every call. */
export class SimPorts {
  readonly #process: PortOwner;
  readonly #world: SimWorld;
  readonly #random: Random;
  readonly #inFlight = new Map<string, number>();

  constructor(process: PortOwner, world: SimWorld) {
    this.#process = process;
    this.#world = world;
    this.#random = world.scheduler.random;
  }

  /** One Kubernetes request: it takes time each way, may be refused, and may be applied without an answer. */
  #kube<T>(signal: AbortSignal, call: () => T): Promise<T> {
    const faults = this.#world.faults();
    return new Promise((resolve, reject) => {
      this.#world.scheduler.at(this.#random.between(1, 8), `${this.#process.id} → kube`, () => {
        if (this.#random.chance(faults.kubeRefused)) {
          this.#world.tally.hit('kubeRefused');
          this.#process.later(2, () =>
            reject(new PodroleError('the API server is overloaded', { code: 'kube-api-refused', retry: 'backoff' })),
          );
          return;
        }
        if (!this.#process.survives('before')) return;
        const value = call();
        if (!this.#process.survives('applied')) return;
        const lost = this.#random.chance(faults.kubeLostAnswer);
        if (lost) this.#world.tally.hit('kubeLostAnswer');
        this.#process.later(this.#random.between(1, 8), () => {
          if (!this.#process.survives('answered')) return;
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
      this.#world.scheduler.at(this.#random.between(5, 60), `${this.#process.id} → iam read`, () => {
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
          this.#process.pause(this.#random.between(5_000, 60_000));
        }
        this.#process.later(this.#random.between(5, 60), () => resolve(answer));
      });
    });
  }

  #updateTrustPolicy(role: string, document: string, deadlineMs: number): Promise<UpdateOutcome> {
    const { iam, scheduler, tally, lease, watcher } = this.#world;
    const faults = this.#world.faults();
    const inFlight = (this.#inFlight.get(role) ?? 0) + 1;
    this.#inFlight.set(role, inFlight);
    const leaseMs = this.#world.elected === false ? Number.POSITIVE_INFINITY : lease.remaining(this.#process.id);
    watcher.onIamWrite({ process: this.#process.id, role, document, leaseMs, deadlineMs, inFlight });
    return new Promise((resolve) => {
      const settle = (outcome: UpdateOutcome): void => {
        if (!this.#process.survives('answered')) return;
        this.#inFlight.set(role, (this.#inFlight.get(role) ?? 1) - 1);
        watcher.onIamSettled(role);
        resolve(outcome);
      };
      const apply = (): UpdateOutcome => iam.write(role, document, this.#process.id);
      scheduler.at(this.#random.between(5, 80), `${this.#process.id} → iam write`, () => {
        if (!this.#process.survives('before')) return;
        const answer = (ms: number, outcome: UpdateOutcome): void => this.#process.later(ms, () => settle(outcome));
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
            iam.write(role, document, this.#process.id, true);
          });
          answer(deadlineMs - 100, { kind: 'unknown', message: 'no answer from IAM' });
        } else {
          const outcome = apply();
          if (!this.#process.survives('applied')) return;
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
    const base = scheduler.clock(this.#process.id);
    return {
      now: base.now,
      monotonic: base.monotonic,
      after: (ms, run) => scheduler.at(ms, `${this.#process.id} timer`, () => this.#process.deliver(run)),
    };
  }

  /** The controller's ports. */
  deps(): ProfileControllerDeps {
    const { kube, watcher, tally } = this.#world;
    const elected = this.#world.elected !== false;
    return {
      clock: this.#clock(),
      log: silentLog,
      random: () => this.#random.next(),
      sha256Hex: (text) => createHash('sha256').update(text).digest('hex'),
      processId: this.#process.id,
      lease: {
        elected,
        remainingMs: () => (elected ? this.#process.leaseUntil() - this.#world.scheduler.now : Number.POSITIVE_INFINITY),
        takenOverAt: () => (elected ? this.#process.takenOverAt() : undefined),
      },
      events: { emit: (event) => watcher.onEvent(event) },
      metrics: { count: (name, labels) => watcher.onCount(name, labels), set: () => undefined },
      callerIdentity: () => Promise.resolve({ arn: 'arn:aws:sts::111122223333:assumed-role/podrole-controller/1' }),
      readLabels: () => Promise.resolve('app.kubernetes.io/part-of: kubeflow-profile\n'),
      profiles: {
        list: () => [...this.#process.profiles.values()],
        get: (name) => this.#process.profiles.get(name),
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
        get: (ref: ObjectRef) => this.#process.objects.get(refKey(ref)),
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
