import type { AccountState } from './account-state.ts';
import type {
  AssociationRecord,
  BucketRecord,
  ClusterRecord,
  InstanceProfileRecord,
  ObjectRecord,
  PolicyRecord,
  ProviderRecord,
  RoleRecord,
} from './records.ts';

/** A bucket as a snapshot holds it: the objects as a list, their bytes in base64. */
export interface BucketSnapshot extends Omit<BucketRecord, 'objects'> {
  readonly objects: readonly (Omit<ObjectRecord, 'body'> & { readonly body: string })[];
}

/** An account as plain JSON. */
export interface AwsSnapshot {
  readonly version: 1;
  readonly roles: readonly RoleRecord[];
  readonly providers: readonly ProviderRecord[];
  readonly policies: readonly PolicyRecord[];
  readonly instanceProfiles: readonly InstanceProfileRecord[];
  readonly clusters: readonly ClusterRecord[];
  readonly associations: readonly AssociationRecord[];
  readonly buckets: readonly BucketSnapshot[];
}

/** What the account holds now. Records are immutable, so nothing is copied but the bytes of objects. */
export function takeSnapshot(state: AccountState): AwsSnapshot {
  return {
    version: 1,
    roles: state.roles.values(),
    providers: state.providers.values(),
    policies: [...state.policies.values()],
    instanceProfiles: [...state.instanceProfiles.values()],
    clusters: [...state.clusters.values()],
    associations: [...state.associations.values()],
    buckets: [...state.buckets.values()].map((bucket) => ({
      ...bucket,
      objects: [...bucket.objects.values()].map((object) => ({ ...object, body: Buffer.from(object.body).toString('base64') })),
    })),
  };
}

function refill<V>(map: Map<string, V>, entries: readonly (readonly [string, V])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

/** Makes the account what the snapshot says, at once and for every reader. */
export function restoreSnapshot(state: AccountState, snapshot: AwsSnapshot, now: number): void {
  const times = { now, visibleAt: now };
  state.roles.clear();
  for (const role of snapshot.roles) state.roles.set(role.name.toLowerCase(), role, times);
  state.providers.clear();
  for (const provider of snapshot.providers) state.providers.set(provider.arn, provider, times);
  refill(
    state.policies,
    snapshot.policies.map((policy) => [policy.arn.toLowerCase(), policy]),
  );
  refill(
    state.instanceProfiles,
    snapshot.instanceProfiles.map((profile) => [profile.name.toLowerCase(), profile]),
  );
  refill(
    state.clusters,
    snapshot.clusters.map((cluster) => [cluster.name, cluster]),
  );
  refill(
    state.associations,
    snapshot.associations.map((association) => [association.id, association]),
  );
  refill(
    state.buckets,
    snapshot.buckets.map((bucket) => [bucket.name, restoredBucket(bucket)]),
  );
}

function restoredBucket(bucket: BucketSnapshot): BucketRecord {
  const objects = bucket.objects.map((object): [string, ObjectRecord] => [
    object.key,
    { ...object, body: Buffer.from(object.body, 'base64') },
  ]);
  return { ...bucket, objects: new Map(objects) };
}
