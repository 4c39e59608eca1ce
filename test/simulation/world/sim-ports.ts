import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/base/clock.ts';
import { PodroleError } from '../../../src/base/errors.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import { resources } from '../../../src/kube/core/resource.ts';
import type { ObjectRef, ProfileControllerDeps, RoleReadOutcome, UpdateOutcome } from '../../../src/profile/ports.ts';
import { FIELD_MANAGER, type Profile } from '../../../src/profile/profile.ts';
import type { Met } from './faults.ts';
import { QUIET, type Random } from './scheduler.ts';
import { refKey } from './sim-kube.ts';
import type { CallStep, SimWorld } from './sim-world.ts';

const hashes = new Map<string, string>();

/** The few texts that a run hashes are always the same. */
function sha256Hex(text: string): string {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  const made = createHash('sha256').update(text).digest('hex');
  hashes.set(text, made);
  return made;
}

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
  readonly #bases = new Map<string, readonly string[]>();

  constructor(process: PortOwner, world: SimWorld) {
    this.#process = process;
    this.#world = world;
    this.#random = world.scheduler.random;
  }

  /** One Kubernetes request: it takes time each way, may be refused, and may be applied without an answer. */
  #kube<T>(signal: AbortSignal, call: () => T): Promise<T> {
    const met = this.#world.calls.next('kube');
    const { kube, scheduler, tally } = this.#world;
    return new Promise((resolve, reject) => {
      scheduler.at(this.#random.between(1, 8), `${this.#process.id} → kube`, () => {
        if (met.has('kubeRefused') || kube.awayUntil > scheduler.now) {
          if (met.has('kubeRefused')) tally.hit('kubeRefused');
          this.#process.later(2, () =>
            reject(new PodroleError('the API server is overloaded', { code: 'kube-api-refused', retry: 'backoff' })),
          );
          return;
        }
        if (!this.#process.survives('before')) return;
        const before = kube.writes;
        const value = call();
        if (!this.#process.survives('applied')) return;
        const lost = met.has('kubeLostAnswer');
        if (lost) tally.hit('kubeLostAnswer');
        this.#process.later(this.#random.between(1, 8), () => {
          if (!this.#process.survives('answered')) return;
          if (signal.aborted) reject(signal.reason);
          else if (lost) reject(new PodroleError('no answer', { code: 'kube-api-unreachable', retry: 'backoff' }));
          else resolve(value);
        });
        return kube.writes === before ? QUIET : undefined;
      });
    });
  }

  #getRole(name: string): Promise<RoleReadOutcome> {
    const met = this.#world.calls.next('iam read');
    const { scheduler, tally, iam } = this.#world;
    return new Promise((resolve) => {
      if (met.has('iamHang')) {
        tally.hit('iamHang');
        return;
      }
      scheduler.at(this.#random.between(5, 60), `${this.#process.id} → iam read`, () => {
        const answer = this.#readRole(name, met);
        if (answer.kind === 'found') this.#learn(name, answer.role.document);
        const pause = met.get('pause');
        if (pause !== undefined) {
          tally.hit('pause');
          this.#process.pause(pause);
        }
        const stale = answer.kind === 'found' && answer.role.document !== iam.document(name);
        if (stale) tally.hit('iamStaleMs');
        this.#process.later(this.#random.between(5, 60), () => resolve(answer));
        return QUIET;
      });
    });
  }

  #readRole(name: string, met: Met): RoleReadOutcome {
    const { tally, iam, faults } = this.#world;
    if (met.has('iamThrottled')) {
      tally.hit('iamThrottled');
      return { kind: 'failed', code: 'Throttling', message: 'Rate exceeded' };
    }
    if (met.has('iamDenied')) {
      tally.hit('iamDenied');
      return { kind: 'failed', code: 'AccessDenied', message: 'not authorized to perform: iam:GetRole' };
    }
    return iam.read(name, { staleMs: faults().iamStaleMs, back: met.get('iamStaleMs') ?? 0 });
  }

  /** A round looks twice before it writes, and knows its own last write: its plan comes from one of these. */
  #learn(role: string, document: string): void {
    const known = this.#bases.get(role) ?? [];
    this.#bases.set(role, [document, ...known.filter((one) => one !== document)].slice(0, 3));
  }

  #updateTrustPolicy(role: string, document: string, deadlineMs: number): Promise<UpdateOutcome> {
    const { iam, scheduler, tally, lease, watcher } = this.#world;
    const met = this.#world.calls.next('iam write');
    const inFlight = (this.#inFlight.get(role) ?? 0) + 1;
    this.#inFlight.set(role, inFlight);
    const leaseMs = this.#world.elected === false ? Number.POSITIVE_INFINITY : lease.remaining(this.#process.id);
    const bases = this.#bases.get(role) ?? [];
    watcher.onIamWrite({ process: this.#process.id, role, document, leaseMs, deadlineMs, inFlight, bases });
    return new Promise((resolve) => {
      const settle = (outcome: UpdateOutcome): void => {
        if (!this.#process.survives('answered')) return;
        this.#inFlight.set(role, (this.#inFlight.get(role) ?? 1) - 1);
        watcher.onIamSettled(role);
        if (outcome.kind === 'applied') this.#learn(role, document);
        if (outcome.kind === 'unknown') iam.uncertainAt = scheduler.now;
        resolve(outcome);
      };
      const unknown: UpdateOutcome = { kind: 'unknown', message: 'no answer from IAM' };
      scheduler.at(this.#random.between(5, 80), `${this.#process.id} → iam write`, () => {
        if (!this.#process.survives('before')) return;
        const answer = (ms: number, outcome: UpdateOutcome): void => this.#process.later(ms, () => settle(outcome));
        const late = met.get('iamLateApply');
        if (met.has('iamThrottled')) {
          tally.hit('iamThrottled');
          answer(20, { kind: 'refused', code: 'Throttling', message: 'Rate exceeded' });
        } else if (met.has('iamTimeout')) {
          tally.hit('iamTimeout');
          answer(deadlineMs - 100, unknown);
        } else if (late !== undefined) {
          tally.hit('iamLateApply');
          iam.writeLater(role, document, { by: this.#process.id, ms: late });
          answer(deadlineMs - 100, unknown);
        } else {
          const outcome = iam.write(role, document, this.#process.id);
          if (!this.#process.survives('applied')) return;
          if (met.has('iamLostAnswer')) {
            tally.hit('iamLostAnswer');
            answer(deadlineMs - 100, unknown);
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
      sha256Hex,
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
          this.#kube(signal, () => {
            const { namespace } = object.metadata;
            if (namespace !== undefined && !kube.objects.has(refKey({ resource: resources.namespaces, name: namespace })))
              return { ok: false as const, code: 'refused' as const, message: `namespaces "${namespace}" not found` };
            return { ok: true as const, object: kube.apply(resource, object, FIELD_MANAGER) };
          }),
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
            if (this.#world.calls.next('record').has('recordConflict')) {
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
