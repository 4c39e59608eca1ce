import type { Clock } from '../../base/clock.ts';
import { type MetricsReport, remainsOf } from '../../host/metrics.ts';
import { webhookMetrics } from '../../webhook/metrics.data.ts';
import { declaredMetrics } from '../declared-metrics.ts';
import type { ToWorker } from './worker-messages.ts';

export interface WorkerReportsOptions {
  readonly workers: number;
  readonly clock: Clock;
  readonly ask: (worker: number, message: ToWorker) => void;
}

/** The metrics of all workers, gathered for each scrape. */
export interface WorkerReports {
  /** What all know, with what those had counted that are gone. A worker that does not answer counts with its last report. */
  all(): Promise<readonly MetricsReport[]>;
  take(worker: number, scrape: number, report: MetricsReport): void;
  /** The worker is gone: what it had counted when last asked stays in the sums, so that they never fall. */
  bury(worker: number): void;
}

/** Far below the ten seconds that a scrape may take. */
const ANSWER_MS = 1_000;

/** What the parent itself counts; everything else is the workers'. */
const OWN = { podrole_admission_worker_deaths_total: webhookMetrics.podrole_admission_worker_deaths_total };

export function createWorkerReports({ workers, clock, ask }: WorkerReportsOptions): WorkerReports {
  const own = declaredMetrics(OWN);
  const last = new Map<number, MetricsReport>();
  let remains: Promise<MetricsReport> = Promise.resolve([]);
  let scrape = 0;
  let missing = new Set<number>();
  let complete: () => void = () => undefined;

  return {
    all: async () => {
      scrape += 1;
      missing = new Set(Array.from({ length: workers }, (_, index) => index + 1));
      await new Promise<void>((resolve) => {
        // A second scrape that overtakes the first ends the first one's waiting.
        complete();
        const timer = clock.after(ANSWER_MS, resolve);
        complete = () => {
          timer.cancel();
          resolve();
        };
        for (const worker of missing) ask(worker, { kind: 'report', scrape });
      });
      return [...last.values(), await remains, await own.registry.report()];
    },
    take: (worker, answered, report) => {
      last.set(worker, report);
      if (answered === scrape && missing.delete(worker) && missing.size === 0) complete();
    },
    bury: (worker) => {
      own.increment('podrole_admission_worker_deaths_total');
      const report = last.get(worker);
      last.delete(worker);
      if (report !== undefined) remains = remains.then((before) => remainsOf([before, report]));
    },
  };
}
