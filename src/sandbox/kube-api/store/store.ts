import type { KubeObject } from '../../../kube/core/object.ts';

/** One committed write. `before` is absent on creation; `object` is, on deletion, the last state with the deletion's revision. */
export interface StoreEvent {
  readonly revision: number;
  readonly bucket: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: string;
  readonly object: KubeObject;
  readonly before?: KubeObject;
}

/** The outcome of a write that names the revision it expects. */
export type Committed =
  | { readonly ok: true; readonly object: KubeObject }
  | { readonly ok: false; readonly reason: 'exists' | 'changed' | 'gone' };

/** What a bucket held at some revision; `too-old` once the history no longer reaches back. */
export type AtRevision = { readonly ok: true; readonly entries: readonly Entry[] } | { readonly ok: false; readonly reason: 'too-old' };

export interface Entry {
  readonly key: string;
  readonly object: KubeObject;
}

/** All the data of a store as JSON, for keeping a world between starts. */
export interface StoreSnapshot {
  readonly revision: number;
  readonly buckets: Readonly<Record<string, readonly Entry[]>>;
}

interface Bucket {
  readonly objects: Map<string, KubeObject>;
  /** Keys in byte order, as etcd lists them. */
  readonly keys: string[];
}

/**
 * Objects of all resources under one growing revision, as etcd keeps them, with enough history for watches and for
 * lists at an exact revision. A bucket is one resource in all its versions; a key is `namespace/name` or `name`.
 * Writes are synchronous, so each is atomic; listeners run after the write, in the order of writes.
 */
export class Store {
  readonly #buckets = new Map<string, Bucket>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #historyLimit: number;
  #history: StoreEvent[] = [];
  #revision = 1;
  /** Revisions at or below this one can no longer be watched from. */
  #compacted = 0;

  constructor(options: { readonly historyLimit?: number } = {}) {
    this.#historyLimit = options.historyLimit ?? 10_000;
  }

  /** The revision of the last write. */
  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  get(bucket: string, key: string): KubeObject | undefined {
    return this.#buckets.get(bucket)?.objects.get(key);
  }

  /** Entries whose key starts with `prefix`, in key order. */
  list(bucket: string, prefix = ''): readonly Entry[] {
    const found = this.#buckets.get(bucket);
    if (!found) return [];
    const entries: Entry[] = [];
    for (let index = prefix === '' ? 0 : position(found.keys, prefix); index < found.keys.length; index++) {
      const key = found.keys[index] ?? '';
      if (!key.startsWith(prefix)) break;
      const object = found.objects.get(key);
      if (object) entries.push({ key, object });
    }
    return entries;
  }

  /** The same as of an earlier revision, by undoing what came after it. */
  listAt(bucket: string, prefix: string, revision: number): AtRevision {
    if (revision < this.#compacted) return { ok: false, reason: 'too-old' };
    const state = new Map(this.list(bucket, prefix).map((entry) => [entry.key, entry.object]));
    for (let index = this.#history.length - 1; index >= 0; index--) {
      const event = this.#history[index];
      if (!event || event.revision <= revision) break;
      if (event.bucket !== bucket || !event.key.startsWith(prefix)) continue;
      if (event.before) state.set(event.key, event.before);
      else state.delete(event.key);
    }
    const entries = [...state].map(([key, object]) => ({ key, object })).sort((a, b) => (a.key < b.key ? -1 : 1));
    return { ok: true, entries };
  }

  create(bucket: string, key: string, object: KubeObject): Committed {
    if (this.get(bucket, key)) return { ok: false, reason: 'exists' };
    return this.#write(bucket, key, 'ADDED', object, undefined);
  }

  /** Replaces the object that is there, if it still is the one that the caller saw. */
  update(bucket: string, key: string, object: KubeObject, seen: KubeObject): Committed {
    const before = this.get(bucket, key);
    if (!before) return { ok: false, reason: 'gone' };
    if (before !== seen) return { ok: false, reason: 'changed' };
    return this.#write(bucket, key, 'MODIFIED', object, before);
  }

  remove(bucket: string, key: string, seen: KubeObject): Committed {
    const before = this.get(bucket, key);
    if (!before) return { ok: false, reason: 'gone' };
    if (before !== seen) return { ok: false, reason: 'changed' };
    return this.#write(bucket, key, 'DELETED', before, before);
  }

  /** Events after `revision`; `undefined` when the history no longer reaches back that far. */
  since(revision: number): readonly StoreEvent[] | undefined {
    if (revision < this.#compacted) return undefined;
    let index = this.#history.length;
    while (index > 0 && (this.#history[index - 1]?.revision ?? 0) > revision) index--;
    return this.#history.slice(index);
  }

  /** Forgets the history: lists and watches from before now are answered 410 from here on. */
  compact(): void {
    this.#history = [];
    this.#compacted = this.#revision;
  }

  /** Calls `listener` after every write until the returned function is called. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshot(): StoreSnapshot {
    const buckets: Record<string, readonly Entry[]> = {};
    for (const name of this.#buckets.keys()) buckets[name] = this.list(name);
    return { revision: this.#revision, buckets };
  }

  /** Takes the place of everything held; older revisions are gone, as after a restart of the real one. */
  restore(snapshot: StoreSnapshot): void {
    this.#buckets.clear();
    for (const [name, entries] of Object.entries(snapshot.buckets)) {
      const bucket = this.#bucket(name);
      for (const { key, object } of entries) {
        bucket.objects.set(key, object);
        bucket.keys.push(key);
      }
      bucket.keys.sort();
    }
    this.#revision = snapshot.revision;
    this.compact();
  }

  #write(bucketName: string, key: string, type: StoreEvent['type'], object: KubeObject, before: KubeObject | undefined): Committed {
    const revision = ++this.#revision;
    const bucket = this.#bucket(bucketName);
    const stored = withResourceVersion(object, String(revision));
    if (type === 'DELETED') {
      bucket.objects.delete(key);
      bucket.keys.splice(position(bucket.keys, key), 1);
    } else {
      if (!before) bucket.keys.splice(position(bucket.keys, key), 0, key);
      bucket.objects.set(key, stored);
    }
    const event: StoreEvent = { revision, bucket: bucketName, type, key, object: stored, ...(before ? { before } : {}) };
    this.#history.push(event);
    if (this.#history.length > this.#historyLimit * 1.25) this.#trim();
    for (const listener of [...this.#listeners]) listener(event);
    return { ok: true, object: stored };
  }

  #trim(): void {
    const dropped = this.#history.length - this.#historyLimit;
    this.#compacted = this.#history[dropped - 1]?.revision ?? this.#compacted;
    this.#history = this.#history.slice(dropped);
  }

  #bucket(name: string): Bucket {
    const known = this.#buckets.get(name);
    if (known) return known;
    const bucket: Bucket = { objects: new Map(), keys: [] };
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

/** The first index whose key is not below `key`. */
function position(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Keeps the member order of `metadata`: the member is already there (as a placeholder) in every object that reaches the store. */
function withResourceVersion(object: KubeObject, resourceVersion: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion } };
}
