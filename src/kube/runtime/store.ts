import { NameSet } from './internal/name-set.ts';

/** Names under which a value can also be found. */
export type Indexers<V> = Readonly<Record<string, (value: V) => readonly string[]>>;

/** A cache by key that its readers cannot change. */
export interface ReadonlyStore<V> {
  get(key: string): V | undefined;
  /** Also true for an object that is known to exist but of which nothing was kept. */
  has(key: string): boolean;
  keys(): IterableIterator<string>;
  /** Only what was kept. */
  values(): IterableIterator<V>;
  /** Values under `term` of a declared index. */
  by(index: string, term: string): readonly V[];
  /** Known objects, kept or not. */
  readonly size: number;
}

interface Entry<V> {
  readonly version: string | undefined;
  readonly value: V;
}

/**
 * What an informer knows: values by key with the resourceVersion they are from, and bare keys for objects that the transform did not keep.
 * Bare keys are bytes in a compact set and nothing else, since a large cluster has hundreds of thousands of them.
 */
export class Store<V> implements ReadonlyStore<V> {
  readonly #indexers: Indexers<V>;
  #entries = new Map<string, Entry<V>>();
  #bare = new NameSet();
  #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Indexers<V> = {}) {
    this.#indexers = indexers;
    this.#indexes = emptyIndexes(indexers);
  }

  get size(): number {
    return this.#entries.size + this.#bare.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  has(key: string): boolean {
    return this.#entries.has(key) || this.#bare.has(key);
  }

  *keys(): IterableIterator<string> {
    yield* this.#entries.keys();
    yield* this.#bare.values();
  }

  *values(): IterableIterator<V> {
    for (const entry of this.#entries.values()) yield entry.value;
  }

  by(index: string, term: string): readonly V[] {
    const terms = this.#indexes.get(index);
    if (!terms) throw new Error(`the store has no index ${JSON.stringify(index)}`);
    const found: V[] = [];
    for (const key of terms.get(term) ?? []) {
      const value = this.get(key);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  /** The resourceVersion of a kept value. */
  versionOf(key: string): string | undefined {
    return this.#entries.get(key)?.version;
  }

  /** Sets a value, or a bare key when `value` is undefined. */
  set(key: string, version: string | undefined, value: V | undefined): void {
    this.#unindex(key);
    if (value === undefined) {
      this.#entries.delete(key);
      this.#bare.add(key);
      return;
    }
    this.#bare.delete(key);
    this.#entries.set(key, { version, value });
    indexInto(this.#indexes, this.#indexers, key, value);
  }

  delete(key: string): void {
    this.#unindex(key);
    this.#entries.delete(key);
    this.#bare.delete(key);
  }

  /** Takes over all of another store of the same indexers at once: no reader sees a state in between. */
  become(other: Store<V>): void {
    this.#entries = other.#entries;
    this.#bare = other.#bare;
    this.#indexes = other.#indexes;
  }

  #unindex(key: string): void {
    const old = this.get(key);
    if (old === undefined) return;
    for (const [name, terms] of this.#indexes) {
      for (const term of this.#indexers[name]?.(old) ?? []) {
        const keys = terms.get(term);
        keys?.delete(key);
        if (keys?.size === 0) terms.delete(term);
      }
    }
  }
}

function emptyIndexes<V>(indexers: Indexers<V>): Map<string, Map<string, Set<string>>> {
  return new Map(Object.keys(indexers).map((name) => [name, new Map<string, Set<string>>()]));
}

function indexInto<V>(indexes: Map<string, Map<string, Set<string>>>, indexers: Indexers<V>, key: string, value: V): void {
  for (const [name, terms] of indexes) {
    for (const term of indexers[name]?.(value) ?? []) {
      const keys = terms.get(term);
      if (keys) keys.add(key);
      else terms.set(term, new Set([key]));
    }
  }
}
