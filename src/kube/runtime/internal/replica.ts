import type { KubeObject } from '../../core/object.ts';
import type { WatchEvent } from '../../core/watch-event.ts';
import { type Indexers, Store } from '../store.ts';
import { compareVersions } from './resource-version.ts';

/** What changed, after it changed. `value` and `previous` are what the transform kept; `undefined` where it kept the key alone. */
export interface InformerHandlers<S> {
  readonly onUpsert?: (key: string, value: S | undefined, previous: S | undefined) => void;
  readonly onDelete?: (key: string, previous: S | undefined) => void;
  readonly onSynced?: () => void;
}

/** A handler threw: a fault of ours, not of the API's, so the informer ends instead of trying again. */
export class HandlerFault extends Error {}

/** Deletions remembered within one watch, so that an older event that arrives late does not raise the dead. */
const MAX_TOMBSTONES = 1_000;

/** A new list on its way in. */
export interface Staging<T> {
  add(object: T): void;
  clear(): void;
  /** Replaces everything known by this, as of `version`, and tells the handlers what that changed. */
  takeOver(version: string | undefined): void;
}

/** The copy and its rules: which state may follow which. */
export class Replica<T extends KubeObject, S> {
  readonly store: Store<S>;
  readonly #transform: (object: T) => S | undefined;
  readonly #indexers: Indexers<S>;
  readonly #handlers = new Set<InformerHandlers<S>>();
  readonly #tombstones = new Map<string, string | undefined>();
  #position: string | undefined;
  #malformed = 0;
  #synced = false;

  constructor(transform: (object: T) => S | undefined, indexers: Indexers<S>) {
    this.#transform = transform;
    this.#indexers = indexers;
    this.store = new Store<S>(indexers);
  }

  /** The version from which a watch continues. */
  get position(): string | undefined {
    return this.#position;
  }

  get malformed(): number {
    return this.#malformed;
  }

  subscribe(handlers: InformerHandlers<S>): () => void {
    this.#handlers.add(handlers);
    if (this.#synced) this.#tell(() => handlers.onSynced?.());
    return () => this.#handlers.delete(handlers);
  }

  announceSync(): void {
    this.#synced = true;
    for (const handlers of this.#handlers) this.#tell(() => handlers.onSynced?.());
  }

  stage(): Staging<T> {
    let staged = new Store<S>(this.#indexers);
    return {
      add: (object) => {
        const key = this.#keyOf(object);
        if (key !== undefined) staged.set(key, object.metadata.resourceVersion, this.#transform(object));
      },
      clear: () => {
        staged = new Store<S>(this.#indexers);
      },
      takeOver: (version) => {
        const before = new Store<S>(this.#indexers);
        before.become(this.store);
        this.store.become(staged);
        this.#position = version;
        this.#tombstones.clear();
        for (const key of before.keys()) {
          if (!staged.has(key)) this.#deleted(key, before.get(key));
        }
        for (const key of staged.keys()) {
          const same = before.has(key) && before.versionOf(key) === staged.versionOf(key);
          if (!same) this.#upserted(key, staged.get(key), before.get(key));
        }
      },
    };
  }

  take(event: Exclude<WatchEvent<T>, { readonly type: 'ERROR' }>): void {
    const version = event.object.metadata?.resourceVersion;
    if (event.type === 'BOOKMARK') {
      this.#advance(version);
      return;
    }
    const key = this.#keyOf(event.object);
    if (key === undefined) return;
    this.#advance(version);
    if (isOld(version, this.store.versionOf(key), event.type === 'DELETED')) return;
    const previous = this.store.get(key);
    if (event.type === 'DELETED') {
      this.#bury(key, version);
      if (!this.store.has(key)) return;
      this.store.delete(key);
      this.#deleted(key, previous);
      return;
    }
    if (this.#tombstones.has(key)) {
      if (isOld(version, this.#tombstones.get(key), false)) return;
      this.#tombstones.delete(key);
    }
    const value = this.#transform(event.object);
    this.store.set(key, version, value);
    this.#upserted(key, value, previous);
  }

  #keyOf(object: T): string | undefined {
    const { namespace, name } = object?.metadata ?? {};
    if (typeof name !== 'string' || name === '') {
      this.#malformed += 1;
      return undefined;
    }
    // Joined, not concatenated: a rope would keep its halves alive, twice the memory for a large collection.
    return typeof namespace === 'string' && namespace !== '' ? [namespace, name].join('/') : name;
  }

  #advance(version: string | undefined): void {
    if (version !== undefined && version !== '' && !isOld(version, this.#position, true)) this.#position = version;
  }

  #bury(key: string, version: string | undefined): void {
    this.#tombstones.set(key, version);
    if (this.#tombstones.size <= MAX_TOMBSTONES) return;
    const [oldest] = this.#tombstones.keys();
    if (oldest !== undefined) this.#tombstones.delete(oldest);
  }

  #upserted(key: string, value: S | undefined, previous: S | undefined): void {
    for (const handlers of this.#handlers) this.#tell(() => handlers.onUpsert?.(key, value, previous));
  }

  #deleted(key: string, previous: S | undefined): void {
    for (const handlers of this.#handlers) this.#tell(() => handlers.onDelete?.(key, previous));
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      throw new HandlerFault('an informer handler failed', { cause: error });
    }
  }
}

/** Whether `candidate` is older than `known`, or the same state again (unless `equalIsNew`). Versions that do not compare are taken as they come. */
function isOld(candidate: string | undefined, known: string | undefined, equalIsNew: boolean): boolean {
  const order = compareVersions(candidate, known);
  if (order === undefined) return false;
  return equalIsNew ? order < 0 : order <= 0;
}
