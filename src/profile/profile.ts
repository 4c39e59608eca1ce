import type { Json } from '../base/json.ts';
import { isPaused as hasPausedAnnotation } from '../identity/annotations.ts';
import type { KubeObject } from '../kube/core/object.ts';
import type { StalePods } from './stale-pods.ts';

/** Upstream's finalizer; podrole honours it so that an upstream installation can be taken over. */
export const UPSTREAM_FINALIZER = 'profile-finalizer';
/** podrole's own finalizer: present from before the first grant until the subject is proved gone. */
export const FINALIZER = 'podrole.dev/aws-iam';
/** The field manager of everything this controller applies. */
export const FIELD_MANAGER = 'podrole-controller';

/** `rbac/v1` Subject as the field `spec.owner` carries it. */
export interface OwnerSubject {
  readonly kind?: string;
  readonly name?: string;
  readonly apiGroup?: string;
  readonly namespace?: string;
}

/** One entry of `spec.plugins`; only `kind` selects the plugin, as upstream does. */
export interface PluginEntry {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly spec?: Json;
}

/** `core/v1` ResourceQuotaSpec. */
export interface ResourceQuotaSpec {
  readonly hard?: Readonly<Record<string, string | number>>;
  readonly scopes?: readonly string[];
  readonly scopeSelector?: Json;
}

/** One condition in the shape of `meta/v1` Condition. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
}

/** What podrole did on one role for one service account of a profile. */
export interface RoleStatus {
  readonly role: string;
  readonly serviceAccount: string;
  /** `granted`, `held` (a role the profile is about to leave), `revoking`, `refused`, `annotated`. */
  readonly state: string;
  readonly message?: string;
}

/** The status that podrole writes. */
export interface ProfileStatus {
  readonly conditions: readonly Condition[];
  readonly roles?: readonly RoleStatus[];
  readonly stalePods?: StalePods;
}

/** A `kubeflow.org` Profile, in either served version. */
export interface Profile extends KubeObject {
  readonly spec?: {
    readonly owner?: OwnerSubject;
    readonly plugins?: readonly PluginEntry[];
    readonly resourceQuotaSpec?: ResourceQuotaSpec;
  };
  readonly status?: Partial<ProfileStatus>;
}

/** The profile's name, which is also its namespace's. */
export function nameOf(profile: Profile): string {
  return profile.metadata.name ?? '';
}

/** Whether deletion was asked for. It never goes back for the same uid. */
export function isDeleting(profile: Profile): boolean {
  return profile.metadata.deletionTimestamp !== undefined;
}

/** Whether podrole was told to leave this profile alone. */
export function isPaused(profile: Profile): boolean {
  return hasPausedAnnotation(profile.metadata.annotations);
}

/** The finalizers that podrole answers for: its own and upstream's. */
export function ownFinalizers(profile: Profile): readonly string[] {
  return (profile.metadata.finalizers ?? []).filter((finalizer) => finalizer === FINALIZER || finalizer === UPSTREAM_FINALIZER);
}

/** Oldest first, then by name: who is served first when a trust policy has room for only some. */
export function byAge(a: Profile, b: Profile): number {
  const [left, right] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0;
}
