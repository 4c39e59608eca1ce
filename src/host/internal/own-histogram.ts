/** One value for each label. */
export type LabelValue = Readonly<Record<string, string>>;

interface Slot {
  readonly labels: LabelValue;
  /** Observations by bucket, the last one for those above every bound. */
  readonly counts: Float64Array;
  sum: number;
}

export interface OwnHistogramOptions {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

/**
 * A histogram that costs a search through its bounds and two additions an observation, where the library's hashes labels each time.
 * The library's registry exposes and adds it up as one of its own: it asks a metric for nothing but `get`, `reset`, a name and a type.
 */
export class OwnHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #buckets: readonly number[];
  readonly #slots = new Map<string, Slot>();
  /** Callers who pass the same object each time are served from here. */
  readonly #known = new WeakMap<LabelValue, Slot>();

  constructor({ name, help, buckets }: OwnHistogramOptions) {
    this.name = name;
    this.help = help;
    this.#buckets = buckets;
  }

  /** Makes a combination of labels visible before its first observation. */
  zero(labels: LabelValue): void {
    this.#slotOf(labels);
  }

  observe(labels: LabelValue, value: number): void {
    const slot = this.#slotOf(labels);
    const buckets = this.#buckets;
    let at = 0;
    while (at < buckets.length && value > (buckets[at] as number)) at += 1;
    slot.counts[at] = (slot.counts[at] as number) + 1;
    slot.sum += value;
  }

  reset(): void {
    for (const slot of this.#slots.values()) {
      slot.counts.fill(0);
      slot.sum = 0;
    }
  }

  /** What the registry reads at a scrape. */
  async get(): Promise<object> {
    const values: object[] = [];
    for (const { labels, counts, sum } of this.#slots.values()) {
      let total = 0;
      for (const [index, count] of counts.entries()) {
        total += count;
        const le = this.#buckets[index] ?? '+Inf';
        values.push({ labels: { le, ...labels }, value: total, metricName: `${this.name}_bucket`, exemplar: null });
      }
      values.push({ labels: { ...labels }, value: sum, metricName: `${this.name}_sum` });
      values.push({ labels: { ...labels }, value: total, metricName: `${this.name}_count` });
    }
    return { name: this.name, help: this.help, type: this.type, values, aggregator: this.aggregator };
  }

  #slotOf(labels: LabelValue): Slot {
    const known = this.#known.get(labels);
    if (known !== undefined) return known;
    const key = Object.keys(labels)
      .sort()
      .map((name) => `${name}\n${labels[name]}`)
      .join('\n');
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = { labels, counts: new Float64Array(this.#buckets.length + 1), sum: 0 };
      this.#slots.set(key, slot);
    }
    this.#known.set(labels, slot);
    return slot;
  }
}
