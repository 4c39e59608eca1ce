interface Version<V> {
  /** Epoch milliseconds from which readers of the delayed view see it. */
  readonly visibleAt: number;
  readonly value: V | undefined;
}

/**
 * A map with two views: `current`, which its writer reads back at once, and `effective`, which lags behind by a
 * delay. IAM is such a thing: GetRole shows a change before STS acts on it (a few seconds on AWS).
 */
export class DelayedMap<V> {
  readonly #current = new Map<string, V>();
  readonly #versions = new Map<string, readonly Version<V>[]>();

  /** Puts `value`, or removes the key when it is undefined. With `visibleAt <= now` both views change at once. */
  set(key: string, value: V | undefined, times: { readonly now: number; readonly visibleAt: number }): void {
    const before: Version<V> = { visibleAt: Number.NEGATIVE_INFINITY, value: this.#current.get(key) };
    if (value === undefined) this.#current.delete(key);
    else this.#current.set(key, value);
    if (times.visibleAt <= times.now) {
      this.#versions.delete(key);
      return;
    }
    const known = this.#versions.get(key) ?? [before];
    const lastVisible = known.findLastIndex((version) => version.visibleAt <= times.now);
    this.#versions.set(key, [...known.slice(Math.max(lastVisible, 0)), { visibleAt: times.visibleAt, value }]);
  }

  current(key: string): V | undefined {
    return this.#current.get(key);
  }

  /** What the delayed view shows at `now`. */
  effective(key: string, now: number): V | undefined {
    const versions = this.#versions.get(key);
    if (versions === undefined) return this.#current.get(key);
    const newest = versions.at(-1);
    if (newest !== undefined && newest.visibleAt <= now) {
      this.#versions.delete(key);
      return newest.value;
    }
    return versions.findLast((version) => version.visibleAt <= now)?.value;
  }

  /** All current values, in the order of their keys. */
  values(): readonly V[] {
    return [...this.#current.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  }

  get size(): number {
    return this.#current.size;
  }

  clear(): void {
    this.#current.clear();
    this.#versions.clear();
  }
}
