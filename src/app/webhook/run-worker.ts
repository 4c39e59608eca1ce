import type { Timer } from '../../base/clock.ts';
import { collectGarbage } from '../../host/collect-garbage.ts';
import { systemClock } from '../../host/system-clock.ts';
import type { ParentProcess } from '../../host/worker-processes.ts';
import { textResponse } from '../../webhook/http.ts';
import { ended } from '../ended.ts';
import { startWebhookServer, type WebhookServer } from './webhook-server.ts';
import { ADDRESS, DRAIN, kubeClientFor, type RunWebhookContext, tlsOf, type WebhookRun } from './webhook-wiring.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

export interface WorkerPlace {
  readonly parent: ParentProcess;
  readonly signal: AbortSignal;
}

/** How often the parent is told when readiness changed, in milliseconds. */
const READY_INTERVAL_MS = 50;

/** One of several webhooks on one port, told by its parent what to serve, and when to stop. Its log lines carry its number. */
export async function runWorker(run: WebhookRun, context: RunWebhookContext, place: WorkerPlace): Promise<void> {
  try {
    await serve(run, context, place);
  } finally {
    place.parent.leave();
  }
}

async function serve(run: WebhookRun, context: RunWebhookContext, { parent, signal }: WorkerPlace): Promise<void> {
  const { options, serving } = run;
  const clock = systemClock();
  const client = await kubeClientFor(serving, context);
  const ending = new AbortController();
  const tell = (message: FromWorker): void => parent.send(message);
  let server: WebhookServer | undefined;
  let allReady = false;
  let pair: Extract<ToWorker, { readonly kind: 'pair' }>['pair'] | undefined;
  const start = await new Promise<Extract<ToWorker, { readonly kind: 'start' }>>((resolve) => {
    parent.onMessage((message) => {
      const said = message as ToWorker;
      switch (said.kind) {
        case 'start':
          pair = said.pair;
          resolve(said);
          break;
        case 'pair':
          pair = said.pair;
          server?.setCertificate(tlsOf(serving, pair));
          break;
        case 'all-ready':
          allReady = said.ready;
          break;
        case 'drain':
          ending.abort();
          break;
        case 'report':
          void server?.metrics.report().then((report) => tell({ kind: 'reported', scrape: said.scrape, report }));
          break;
      }
    });
    tell({ kind: 'hello' });
  });
  const log = context.log.child({ worker: start.worker });
  server = await startWebhookServer({
    client,
    webhook: options,
    tls: tlsOf(serving, start.pair),
    address: ADDRESS,
    port: serving.port,
    // Probes and scrapes are the parent's, who answers for all.
    metricsPort: undefined,
    namespace: serving.namespace,
    identitiesFile: serving.identitiesFile,
    clock,
    log,
    random: Math.random,
    intercept: (handle) => (request, requestSignal) => {
      const answer = handle(request, requestSignal);
      // A connection reaches one worker and the probe means all of them.
      const hidesOthers = request.path === '/readyz' && !allReady && !(answer instanceof Promise) && answer.status === 200;
      return hidesOthers ? textResponse(503, 'another worker is not ready\n') : answer;
    },
  });
  // It may have been renewed while the listener came up.
  if (pair !== undefined && pair !== start.pair) server.setCertificate(tlsOf(serving, pair));
  void server.synced.then(collectGarbage);
  tell({ kind: 'listening', url: server.url });
  let told: string | undefined = 'starting';
  let readiness: Timer | undefined;
  const watchReadiness = (running: WebhookServer): void => {
    const because = running.unready();
    if (because !== told) {
      told = because;
      tell(because === undefined ? { kind: 'readiness' } : { kind: 'readiness', because });
    }
    readiness = clock.after(READY_INTERVAL_MS, () => watchReadiness(running));
  };
  watchReadiness(server);
  await ended(AbortSignal.any([signal, ending.signal]));
  await server.close(DRAIN);
  readiness?.cancel();
}
