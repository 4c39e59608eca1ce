import type { Entry, StoreEvent, StoreSnapshot } from './store.ts';

/** What a journal needs to know of a write. */
export type Write = Pick<StoreEvent, 'revision' | 'bucket' | 'type' | 'key' | 'object'>;

/** A snapshot with the writes that came after it. Writes that the snapshot already holds change nothing. */
export function replay(snapshot: StoreSnapshot, writes: readonly Write[]): StoreSnapshot {
  const buckets = new Map(
    Object.entries(snapshot.buckets).map(([name, entries]) => [name, new Map(entries.map(({ key, object }) => [key, object]))]),
  );
  let { revision } = snapshot;
  for (const write of writes) {
    if (write.revision <= revision) continue;
    const bucket = buckets.get(write.bucket) ?? new Map<string, Entry['object']>();
    buckets.set(write.bucket, bucket);
    if (write.type === 'DELETED') bucket.delete(write.key);
    else bucket.set(write.key, write.object);
    revision = write.revision;
  }
  return {
    revision,
    buckets: Object.fromEntries([...buckets].map(([name, entries]) => [name, [...entries].map(([key, object]) => ({ key, object }))])),
  };
}
