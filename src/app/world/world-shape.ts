import { isJsonObject } from '../../base/json.ts';
import type { AwsSnapshot } from '../../sandbox/aws/store/snapshot.ts';
import type { Write } from '../../sandbox/kube-api/store/replay.ts';
import type { StoreSnapshot } from '../../sandbox/kube-api/store/store.ts';
import type { WorldIdentity } from './world-identity.ts';

type Ports = WorldIdentity['ports'];

const AWS_LISTS = ['roles', 'providers', 'policies', 'instanceProfiles', 'clusters', 'associations', 'buckets'] as const;

/** Whether JSON from a disk has the shape of a store's snapshot. What the objects are is not looked at: nobody but the store wrote them. */
export function isStoreSnapshot(value: unknown): value is StoreSnapshot {
  return (
    isJsonObject(value) &&
    Number.isInteger(value.revision) &&
    isJsonObject(value.buckets) &&
    Object.values(value.buckets).every(
      (entries) =>
        Array.isArray(entries) &&
        entries.every((entry) => isJsonObject(entry) && typeof entry.key === 'string' && isJsonObject(entry.object)),
    )
  );
}

/** Whether JSON from a disk has the shape of one write. */
export function isWrite(value: unknown): value is Write {
  return (
    isJsonObject(value) &&
    Number.isInteger(value.revision) &&
    typeof value.bucket === 'string' &&
    typeof value.type === 'string' &&
    typeof value.key === 'string' &&
    isJsonObject(value.object)
  );
}

/** Whether JSON from a disk has the shape of an account's snapshot. */
export function isAwsSnapshot(value: unknown): value is AwsSnapshot {
  return isJsonObject(value) && value.version === 1 && AWS_LISTS.every((name) => Array.isArray(value[name]));
}

/** Whether JSON from a disk names the two ports. */
export function isPorts(value: unknown): value is Ports {
  return isJsonObject(value) && Number.isInteger(value.kube) && Number.isInteger(value.aws);
}
