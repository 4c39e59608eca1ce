import { availableParallelism } from 'node:os';
import { PodroleError } from '../../base/errors.ts';
import { healthHandler } from '../../host/health.ts';
import { listen } from '../../host/listen.ts';
import { exposeTogether } from '../../host/metrics.ts';
import { systemClock } from '../../host/system-clock.ts';
import { parentProcess, startWorkerProcesses, type WorkerProcesses } from '../../host/worker-processes.ts';
import { ended } from '../ended.ts';
import { certificateSource } from './certificate-source.ts';
import { runWorker } from './run-worker.ts';
import { ADDRESS, DRAIN, kubeClientFor, originOf, type RunWebhookContext, type WebhookRun } from './webhook-wiring.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';
import { createWorkerReports } from './worker-reports.ts';

/** A worker ended before it had served once (`worker-failed`): what stopped it stops its successor too. */
export class WorkerError extends PodroleError {
  override readonly name = 'WorkerError';

  constructor(worker: number, how: string) {
    super(`worker ${worker} of the webhook ended before it served (${how})`, {
      code: 'worker-failed',
      detail: { worker },
      hint: 'its own message stands above; --workers 1 answers in one process',
    });
  }
}

/** A worker that was told to drain is killed this much later than its drain may take, in milliseconds. */
const KILL_AFTER_MS = 2_000;

/**
 * The webhook in several processes. This one answers no review: it looks after the certificate, which it hands to all, answers probes and scrapes for
 * all, and fills the place of a worker that dies. In a worker, does the worker's part. Rejects as `runWebhook`.
 */
export async function runWorkers(run: WebhookRun, context: RunWebhookContext, signal: AbortSignal): Promise<void> {
  const parent = parentProcess();
  if (parent !== undefined) return runWorker(run, context, { parent, signal });
  const { serving } = run;
  const { log } = context;
  for (const notice of run.notices) log.warn('flag adjusted', { notice });
  if (serving.workers > availableParallelism())
    log.warn('more workers than cores', { workers: serving.workers, cores: availableParallelism() });
  const clock = systemClock();
  const client = await kubeClientFor(serving, context);
  const tell = (worker: number, message: ToWorker): void => workers?.send(worker, message);
  const tellAll = (message: ToWorker): void => workers?.broadcast(message);
  let workers: WorkerProcesses | undefined;
  const certificates = await certificateSource(
    { client, origin: originOf(serving), clock, log, onPair: (pair) => tellAll({ kind: 'pair', pair }) },
    signal,
  );
  /** Why workers are not ready; of those that are, nothing. */
  const unready = new Map<number, string>();
  for (let worker = 1; worker <= serving.workers; worker += 1) unready.set(worker, 'starting');
  const served = new Set<number>();
  const reports = createWorkerReports({ workers: serving.workers, clock, ask: tell });
  let draining = false;
  let wereReady = false;
  let failed: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    failed = reject;
  });
  failure.catch(() => undefined);

  const allReady = (): boolean => !draining && unready.size === 0;
  function complaints(): readonly string[] {
    if (draining) return ['draining'];
    const problem = certificates.problem();
    const own = [...unready].map(([worker, because]) => `worker ${worker}: ${because}`);
    return own.length === 0 || problem === undefined ? own : [...own, `the certificate's successor is not taken over: ${problem}`];
  }
  function spread(): void {
    if (allReady() === wereReady) return;
    wereReady = allReady();
    tellAll({ kind: 'all-ready', ready: wereReady });
    log.info(wereReady ? 'all workers are ready' : 'not all workers are ready', { workers: serving.workers, unready: unready.size });
  }

  const probes = await listen({
    handler: healthHandler({
      ready: complaints,
      metrics: async () =>
        new Response(await exposeTogether(await reports.all()), {
          headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
        }),
    }),
    address: ADDRESS,
    port: serving.metricsPort,
    log,
  }).catch((error: unknown) => {
    // What looks after certificates would keep a process alive that serves nobody.
    certificates.close();
    client.close();
    throw error;
  });
  try {
    workers = startWorkerProcesses({
      count: serving.workers,
      clock,
      log,
      onMessage: (worker, message) => {
        const said = message as FromWorker;
        switch (said.kind) {
          case 'hello':
            tell(worker, { kind: 'start', worker, pair: certificates.current() });
            break;
          case 'listening':
            served.add(worker);
            log.info('worker listens', { worker, url: said.url });
            break;
          case 'readiness':
            if (said.because === undefined) unready.delete(worker);
            else unready.set(worker, said.because);
            spread();
            break;
          case 'reported':
            reports.take(worker, said.scrape, said.report);
            break;
        }
      },
      onDeath: (worker, { code, signal: by, restartMs }) => {
        unready.set(worker, 'it died and is started anew');
        reports.bury(worker);
        spread();
        log.error('worker died', { worker, code, signal: by, restartMs });
        if (!served.has(worker)) failed(new WorkerError(worker, by ?? `exit code ${code}`));
      },
    });
    log.info('webhook listens', { workers: serving.workers, port: serving.port, metricsUrl: probes.url });
    await Promise.race([ended(signal), failure]);
    draining = true;
    log.info('draining');
    tellAll({ kind: 'drain' });
    await workers.ended(DRAIN.acceptMs + DRAIN.finishMs + KILL_AFTER_MS);
  } finally {
    workers?.kill();
    certificates.close();
    await probes.close(0);
    client.close();
  }
}
