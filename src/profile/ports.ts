import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { KubeObject } from '../kube/core/object.ts';
import type { Resource } from '../kube/core/resource.ts';
import type { ProfileMetric } from './metrics.data.ts';
import type { Profile, ProfileStatus } from './profile.ts';
import type { ReasonCode } from './reasons.data.ts';
import type { RunningPod } from './stale-pods.ts';

/**
 * The profiles of the cluster. `list` and `get` answer from a cache that may lag; every other method speaks to the API server.
 * Rejections are the client's own errors; the controller retries them with back-off.
 */
export interface ProfileStore {
  list(): readonly Profile[];
  get(name: string): Profile | undefined;
  /** A read that is at least as new as its start. `undefined` is a 404. */
  read(name: string, signal: AbortSignal): Promise<Profile | undefined>;
  /** All profiles, at least as new as its start. */
  readAll(signal: AbortSignal): Promise<readonly Profile[]>;
  /**
   * Adds a finalizer on the condition that uid and resourceVersion are still those of `profile`; resolves with the stored profile,
   * `undefined` when the condition failed or the profile is gone or being deleted.
   */
  addFinalizer(profile: Profile, finalizer: string, signal: AbortSignal): Promise<Profile | undefined>;
  /** Removes finalizers on the same condition. `conflict` means: read again and decide again. */
  removeFinalizers(profile: Profile, finalizers: readonly string[], signal: AbortSignal): Promise<'removed' | 'conflict' | 'gone'>;
  /**
   * Server-side apply of the status subresource, on the condition that the resourceVersion is still this one. `undefined`: the profile
   * changed meanwhile (its event tells), is gone, or another of its name is there.
   */
  applyStatus(profile: Profile, status: ProfileStatus, signal: AbortSignal): Promise<Profile | undefined>;
}

/** Names one object. */
export interface ObjectRef {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name: string;
}

/** One annotation or label with the value it is expected to have. */
export interface MetadataEntry {
  readonly map: 'annotations' | 'labels';
  readonly key: string;
  readonly value: string;
}

/** Why the API server refused an object, as far as the controller tells reasons apart. */
export interface ApplyRefusal {
  readonly ok: false;
  readonly code: 'not-served' | 'namespace-terminating' | 'immutable' | 'conflict' | 'refused';
  readonly message: string;
}
export type ApplyOutcome = { readonly ok: true; readonly object: KubeObject } | ApplyRefusal;

/** The objects of profiles' namespaces. A rejection means that no answer came. */
export interface ObjectApplier {
  /** From a cache that may lag. */
  get(ref: ObjectRef): KubeObject | undefined;
  /** Whether the API server serves this resource (Istio's may be absent). */
  serves(resource: Resource): boolean;
  /** At least as new as its start. */
  read(ref: ObjectRef, signal: AbortSignal): Promise<KubeObject | undefined>;
  /** Server-side apply, forced, with field manager `podrole-controller`. */
  apply(resource: Resource, object: KubeObject, signal: AbortSignal): Promise<ApplyOutcome>;
  /** Deletes; an absent object is fine. */
  delete(ref: ObjectRef, signal: AbortSignal): Promise<void>;
  /**
   * Removes one annotation or label whoever owns it, on the condition that it still has `value`; resolves with the stored object,
   * `undefined` when the object is absent or the value another.
   */
  removeEntry(ref: ObjectRef, entry: MetadataEntry, signal: AbortSignal): Promise<KubeObject | undefined>;
}

/** Pods, for those alone who were asked to report on them. */
export interface PodLister {
  /** The pods of one service account that have not ended, some hundred at most; `more`: there are others. A rejection means that no answer came. */
  list(
    account: { readonly namespace: string; readonly serviceAccount: string },
    signal: AbortSignal,
  ): Promise<{ readonly pods: readonly RunningPod[]; readonly more: boolean }>;
}

/** A role as GetRole answers. */
export interface RoleTrust {
  /** IAM's own ARN of the role. */
  readonly arn: string;
  /** The trust policy as JSON text, already percent-decoded. */
  readonly document: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * What became of a write. `applied` is IAM's own success; `refused` is its own error with AWS's code: nothing was changed.
 * Everything else (no answer, an answer that cannot be read, a deadline) is `unknown`: it may be applied, now or up to five minutes later.
 */
export type UpdateOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string };

/** A read of IAM that failed. `code` is AWS's, or `unreachable`. */
export type RoleReadOutcome =
  | { readonly kind: 'found'; readonly role: RoleTrust }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Trust policies in IAM. Neither method rejects but with the signal's reason. */
export interface TrustPolicyStore {
  /** One GetRole. Reads may be up to some seconds old. */
  getRole(roleName: string, signal: AbortSignal): Promise<RoleReadOutcome>;
  /** One UpdateAssumeRolePolicy: no attempt is signed later than `deadlineMs` from the call, and it settles by then. */
  updateTrustPolicy(
    roleName: string,
    document: string,
    options: { readonly deadlineMs: number },
    signal: AbortSignal,
  ): Promise<UpdateOutcome>;
}

/** The records of roles: ConfigMaps in the controller's namespace. Never served from a cache. */
export interface RecordStore {
  /** All with label `podrole.dev/record=role`. */
  list(signal: AbortSignal): Promise<readonly KubeObject[]>;
  read(name: string, signal: AbortSignal): Promise<KubeObject | undefined>;
  /** POST without a resourceVersion, PUT with one. Never a server-side apply. */
  put(
    object: KubeObject,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'written'; readonly object: KubeObject } | { readonly kind: 'conflict' }>;
  /** Deletes on the condition that the resourceVersion is still this one. */
  delete(object: KubeObject, signal: AbortSignal): Promise<'deleted' | 'conflict'>;
}

/** The process's own view of its lease. Without leader election: `alone`. */
export interface LeaseView {
  /** Milliseconds for which no other process can hold the lease; infinite without leader election, 0 or less when lost. */
  remainingMs(): number;
  /** Whether the present lease was taken from a holder that did not release it, and when (the clock's monotonic milliseconds). */
  takenOverAt(): number | undefined;
  /** Whether leader election is on. */
  readonly elected: boolean;
}

/** An Event about a profile; the sink throttles and never rejects. */
export interface ProfileEvent {
  readonly profile: Profile;
  readonly type: 'Normal' | 'Warning';
  readonly reason: ReasonCode;
  readonly message: string;
}
export interface EventSink {
  emit(event: ProfileEvent): void;
}

/** Counters and gauges, declared in `metrics.data.ts`. */
export interface Metrics {
  count(name: ProfileMetric, labels: Readonly<Record<string, string>>, by?: number): void;
  set(name: ProfileMetric, labels: Readonly<Record<string, string>>, value: number): void;
}

/** Who this process is for AWS. */
export interface CallerIdentity {
  readonly arn: string;
}

/** All that the controller needs of the world. */
export interface ProfileControllerDeps {
  readonly profiles: ProfileStore;
  readonly objects: ObjectApplier;
  readonly trustPolicies: TrustPolicyStore;
  /** Absent: pods are not looked at. */
  readonly pods?: PodLister;
  readonly records: RecordStore;
  readonly lease: LeaseView;
  readonly events: EventSink;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  /** Lower-case hex of SHA-256 of the UTF-8 text. */
  readonly sha256Hex: (text: string) => string;
  /** Uniform in [0, 1): back-off jitter. */
  readonly random: () => number;
  /** One GetCallerIdentity; called once at start. A rejection is a warning. */
  readonly callerIdentity: (signal: AbortSignal) => Promise<CallerIdentity>;
  /** The text of the namespace labels file; a rejection means it cannot be read. Called at start and on `labelsChanged`. */
  readonly readLabels: (signal: AbortSignal) => Promise<string>;
  /** Names this process in records; new for every start. */
  readonly processId: string;
}
