import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import { OwnHistogram } from './internal/own-histogram.ts';

/** Every label with all the values it can have. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

/** One value for each label. */
export type LabelsOf<L extends LabelValues> = { readonly [Name in keyof L]: L[Name][number] };

export interface MetricOptions<L extends LabelValues> {
  /** `podrole_…`, in base units (`_seconds`, `_bytes`), counters with `_total`. */
  readonly name: string;
  readonly help: string;
  /** Default none. Never a namespace, a pod or a role: those have no end. */
  readonly labels?: L;
}

type Args<L extends LabelValues> = keyof L extends never ? readonly [] : readonly [labels: LabelsOf<L>];

export interface CounterMetric<L extends LabelValues> {
  inc(...labels: Args<L>): void;
  add(amount: number, ...labels: Args<L>): void;
}

export interface GaugeMetric<L extends LabelValues> {
  set(value: number, ...labels: Args<L>): void;
}

export interface HistogramMetric<L extends LabelValues> {
  observe(value: number, ...labels: Args<L>): void;
}

/** What a gauge of several processes is as one; counters and histograms are summed. */
export type Together = 'sum' | 'min' | 'max';

/** Metrics of one process as plain data. */
export type MetricsReport = readonly object[];

/** The text exposition format of several processes as of one. */
export function exposeTogether(reports: readonly MetricsReport[]): Promise<string> {
  return AggregatorRegistry.aggregate(reports as object[][]).metrics();
}

/** Of reports only what never falls, summed: what is left of a process that is gone. */
export function remainsOf(reports: readonly MetricsReport[]): Promise<MetricsReport> {
  const grows = reports.map((report) =>
    report.filter((metric) => 'type' in metric && (metric.type === 'counter' || metric.type === 'histogram')),
  );
  return AggregatorRegistry.aggregate(grows as object[][]).getMetricsAsJSON();
}

/** A registry of one runnable's metrics. Every combination of label values is there from the start, at zero, so that a rate over it is never absent. */
export interface Metrics {
  counter<const L extends LabelValues = Record<never, never>>(options: MetricOptions<L>): CounterMetric<L>;
  /** `read`: asked at every scrape instead of being set. */
  gauge<const L extends LabelValues = Record<never, never>>(
    options: MetricOptions<L> & { readonly read?: (...labels: Args<L>) => number; readonly together?: Together },
  ): GaugeMetric<L>;
  /** `buckets`: upper bounds, ascending, in the metric's unit. */
  histogram<const L extends LabelValues = Record<never, never>>(
    options: MetricOptions<L> & { readonly buckets: readonly number[] },
  ): HistogramMetric<L>;
  /** Node's and the process's own: CPU, memory, event loop delay, handles. */
  withProcessMetrics(): void;
  /** Every metric as data, for {@link exposeTogether} in another process. */
  report(): Promise<MetricsReport>;
  /** The text exposition format. */
  expose(): Promise<string>;
  /** Answers a scrape. */
  handle(request: Request): Promise<Response>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const base = <L extends LabelValues>(options: MetricOptions<L>) => ({
    name: options.name,
    help: options.help,
    labelNames: Object.keys(options.labels ?? {}),
    registers,
  });
  const expose = (): Promise<string> => registry.metrics();
  return {
    counter: (options) => {
      const counter = new Counter(base(options));
      for (const labels of combinations(options.labels)) counter.inc(labels, 0);
      return {
        inc: (...[labels]) => counter.inc({ ...labels }, 1),
        add: (amount, ...[labels]) => counter.inc({ ...labels }, amount),
      };
    },
    gauge: (options) => {
      const { read } = options;
      const all = combinations(options.labels);
      const gauge = new Gauge({
        ...base(options),
        aggregator: options.together ?? 'sum',
        ...(read && {
          collect() {
            for (const labels of all) this.set(labels, read(...argsOf<typeof options.labels & LabelValues>(labels)));
          },
        }),
      });
      for (const labels of all) gauge.set(labels, 0);
      return { set: (value, ...[labels]) => gauge.set({ ...labels }, value) };
    },
    histogram: (options) => {
      const histogram = new OwnHistogram(options);
      registry.registerMetric(histogram as unknown as Metric);
      for (const labels of combinations(options.labels)) histogram.zero(labels);
      return { observe: (value, ...[labels]) => histogram.observe(labels ?? NO_LABELS, value) };
    },
    withProcessMetrics: () => collectDefaultMetrics({ register: registry }),
    report: () => registry.getMetricsAsJSON(),
    expose,
    handle: async () => new Response(await expose(), { headers: { 'content-type': registry.contentType } }),
  };
}

const NO_LABELS = {};

function argsOf<L extends LabelValues>(labels: Record<string, string>): Args<L> {
  return (Object.keys(labels).length === 0 ? [] : [labels]) as unknown as Args<L>;
}

function combinations(labels: LabelValues = {}): Record<string, string>[] {
  let all: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(labels)) all = all.flatMap((known) => values.map((value) => ({ ...known, [name]: value })));
  return all;
}
