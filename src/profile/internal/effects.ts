import type { KubeObject } from '../../kube/core/object.ts';
import type { Action } from '../action.ts';
import type { ApplyOutcome, MetadataEntry, ObjectRef, ProfileControllerDeps, RoleReadOutcome, UpdateOutcome } from '../ports.ts';
import type { Profile, ProfileStatus } from '../profile.ts';
import type { RoleRecord } from '../role-record.ts';
import { CallGroup, withDeadline } from './deadline.ts';

type EffectDeps = Pick<ProfileControllerDeps, 'profiles' | 'objects' | 'trustPolicies' | 'records' | 'clock'>;

/** Limits of the calls, in milliseconds. */
export interface CallDeadlines {
  readonly kubeMs: number;
  readonly iamReadMs: number;
  readonly iamWriteMs: number;
}

/** Ours is 8 s for a write: shorter than what a renewed 15 s lease always has left. */
export const CALL_DEADLINES: CallDeadlines = { kubeMs: 30_000, iamReadMs: 8_000, iamWriteMs: 8_000 };
const GRACE_MS = 500;

/**
 * The only door to the world: every read and every write of the two reconcilers, each under its deadline, each write said as an `Action`
 * before it happens.
 */
export class Effects {
  readonly #deps: EffectDeps;
  readonly #calls: CallGroup;
  /** Nothing ends a write of IAM before its own deadline. */
  readonly #writes = new CallGroup(new AbortController().signal);
  readonly #onAction: (action: Action) => void;

  #inFlight = 0;

  constructor(deps: EffectDeps, signal: AbortSignal, onAction: (action: Action) => void) {
    this.#deps = deps;
    this.#calls = new CallGroup(signal);
    this.#onAction = onAction;
  }

  /** Whether the controller was told to stop: what fails from then on says nothing about the world. */
  get stopped(): boolean {
    return this.#calls.aborted;
  }

  /** Writes of IAM that have left and not settled. */
  get writesInFlight(): number {
    return this.#inFlight;
  }

  readProfile(name: string): Promise<Profile | undefined> {
    return this.#kube(`reading Profile ${name}`, (signal) => this.#deps.profiles.read(name, signal));
  }

  readAllProfiles(): Promise<readonly Profile[]> {
    return this.#kube('listing profiles', (signal) => this.#deps.profiles.readAll(signal));
  }

  addFinalizer(profile: Profile, finalizer: string): Promise<Profile | undefined> {
    this.#onAction({ type: 'add-finalizer', profile, finalizer });
    return this.#kube('adding a finalizer', (signal) => this.#deps.profiles.addFinalizer(profile, finalizer, signal));
  }

  removeFinalizers(profile: Profile, finalizers: readonly string[]): Promise<'removed' | 'conflict' | 'gone'> {
    this.#onAction({ type: 'remove-finalizers', profile, finalizers });
    return this.#kube('removing finalizers', (signal) => this.#deps.profiles.removeFinalizers(profile, finalizers, signal));
  }

  setStatus(profile: Profile, status: ProfileStatus): Promise<Profile | undefined> {
    this.#onAction({ type: 'set-status', profile, status });
    return this.#kube('writing a status', (signal) => this.#deps.profiles.applyStatus(profile, status, signal));
  }

  readObject(ref: ObjectRef): Promise<KubeObject | undefined> {
    return this.#kube(`reading ${ref.resource.kind} ${ref.name}`, (signal) => this.#deps.objects.read(ref, signal));
  }

  apply(ref: ObjectRef, object: KubeObject, role?: string): Promise<ApplyOutcome> {
    this.#onAction(role === undefined ? { type: 'apply-object', ref, object } : { type: 'annotate-service-account', ref, object, role });
    return this.#kube(`applying ${ref.resource.kind} ${ref.name}`, (signal) => this.#deps.objects.apply(ref.resource, object, signal));
  }

  deleteObject(ref: ObjectRef): Promise<void> {
    this.#onAction({ type: 'delete-object', ref });
    return this.#kube(`deleting ${ref.resource.kind} ${ref.name}`, (signal) => this.#deps.objects.delete(ref, signal));
  }

  removeEntry(ref: ObjectRef, entry: MetadataEntry): Promise<KubeObject | undefined> {
    this.#onAction({ type: 'remove-entry', ref, entry });
    return this.#kube(`changing ${ref.resource.kind} ${ref.name}`, (signal) => this.#deps.objects.removeEntry(ref, entry, signal));
  }

  readRecord(name: string): Promise<KubeObject | undefined> {
    return this.#kube(`reading ConfigMap ${name}`, (signal) => this.#deps.records.read(name, signal));
  }

  listRecords(): Promise<readonly KubeObject[]> {
    return this.#kube('listing the records of roles', (signal) => this.#deps.records.list(signal));
  }

  async putRecord(name: string, record: RoleRecord, object: KubeObject): Promise<KubeObject | undefined> {
    this.#onAction({ type: 'put-record', name, record });
    const outcome = await this.#kube(`writing ConfigMap ${name}`, (signal) => this.#deps.records.put(object, signal));
    return outcome.kind === 'written' ? outcome.object : undefined;
  }

  async deleteRecord(name: string, object: KubeObject): Promise<boolean> {
    this.#onAction({ type: 'delete-record', name });
    return (await this.#kube(`deleting ConfigMap ${name}`, (signal) => this.#deps.records.delete(object, signal))) === 'deleted';
  }

  async getRole(name: string): Promise<RoleReadOutcome> {
    const limits = { clock: this.#deps.clock, deadlineMs: CALL_DEADLINES.iamReadMs, group: this.#calls };
    try {
      return await withDeadline(`GetRole ${name}`, limits, (signal) => this.#deps.trustPolicies.getRole(name, signal));
    } catch (error) {
      if (this.#calls.aborted) throw error;
      return { kind: 'failed', code: 'unreachable', message: error instanceof Error ? error.message : String(error) };
    }
  }

  /** The write goes on when the controller is told to stop: its outcome must be known, and it ends by itself within the deadline. */
  async updateTrustPolicy(action: Action & { readonly type: 'put-trust-policy' }, roleName: string): Promise<UpdateOutcome> {
    this.#onAction(action);
    const deadlineMs = CALL_DEADLINES.iamWriteMs;
    const limits = { clock: this.#deps.clock, deadlineMs: deadlineMs + GRACE_MS, group: this.#writes };
    this.#inFlight += 1;
    try {
      return await withDeadline(`UpdateAssumeRolePolicy ${roleName}`, limits, (signal) =>
        this.#deps.trustPolicies.updateTrustPolicy(roleName, action.document, { deadlineMs }, signal),
      );
    } catch (error) {
      return { kind: 'unknown', message: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#inFlight -= 1;
    }
  }

  #kube<T>(what: string, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(what, { clock: this.#deps.clock, deadlineMs: CALL_DEADLINES.kubeMs, group: this.#calls }, call);
  }
}
