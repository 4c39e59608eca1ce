import { createMetrics, type Metrics, type Together } from '../host/metrics.ts';

/** A metric as a feature declares it in its table. */
export interface Declaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Every label with its values; without values it is open and starts empty. */
  readonly labels: Readonly<Record<string, readonly string[] | undefined>>;
  readonly buckets?: readonly number[];
  /** What a gauge of several processes is as one; default the sum. */
  readonly together?: Together;
}

type Labels = Readonly<Record<string, string>>;

/** The metrics of a table, by name: what features count with. A name that the table does not declare throws. */
export interface DeclaredMetrics<Name extends string> {
  readonly registry: Metrics;
  increment(name: Name, labels?: Labels, by?: number): void;
  set(name: Name, value: number, labels?: Labels): void;
  observe(name: Name, value: number, labels?: Labels): void;
}

const NO_LABELS: Labels = {};

/** Registers every metric of a feature's table, and the process's own. */
export function declaredMetrics<Name extends string>(table: Readonly<Record<Name, Declaration>>): DeclaredMetrics<Name> {
  const registry = createMetrics();
  registry.withProcessMetrics();
  const settle: (() => void)[] = [];
  const update = new Map<string, (value: number, labels: Labels) => void>();
  for (const [name, { type, help, labels: declared, buckets = [], together = 'sum' }] of Object.entries<Declaration>(table)) {
    const labels = Object.fromEntries(Object.entries(declared).map(([label, values]) => [label, values ?? []]));
    const options = { name, help, labels };
    if (type === 'counter') {
      const counter = registry.counter(options);
      // Kept here between scrapes: the library hashes labels at each count. Callers who pass the same object each time are known by it.
      const counts = new Map<string, { readonly labels: Labels; amount: number }>();
      const known = new WeakMap<Labels, { amount: number }>();
      update.set(name, (value, given) => {
        const same = known.get(given);
        if (same !== undefined) {
          same.amount += value;
          return;
        }
        const key = Object.values(given).join('\n');
        const count = counts.get(key) ?? { labels: given, amount: 0 };
        count.amount += value;
        counts.set(key, count);
        known.set(given, count);
      });
      settle.push(() => {
        for (const count of counts.values()) {
          if (count.amount > 0) counter.add(count.amount, count.labels);
          count.amount = 0;
        }
      });
    } else if (type === 'gauge') {
      const gauge = registry.gauge({ ...options, together });
      update.set(name, (value, given) => gauge.set(value, given));
    } else {
      const histogram = registry.histogram({ ...options, buckets });
      update.set(name, (value, given) => histogram.observe(value, given));
    }
  }
  const settled = <T>(scrape: T): T => {
    for (const each of settle) each();
    return scrape;
  };
  const write = (name: string, value: number, labels: Labels = NO_LABELS): void => {
    const target = update.get(name);
    if (target === undefined) throw new RangeError(`metric ${name} is not declared`);
    target(value, labels);
  };
  return {
    registry: {
      ...registry,
      report: () => settled(registry).report(),
      expose: () => settled(registry).expose(),
      handle: (request) => settled(registry).handle(request),
    },
    increment: (name, labels, by = 1) => write(name, by, labels),
    set: (name, value, labels) => write(name, value, labels),
    observe: (name, value, labels) => write(name, value, labels),
  };
}
