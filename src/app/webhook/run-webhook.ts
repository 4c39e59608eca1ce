import { collectGarbage } from '../../host/collect-garbage.ts';
import { systemClock } from '../../host/system-clock.ts';
import { holdYoungGeneration } from '../../host/young-generation.ts';
import { ended } from '../ended.ts';
import { certificateSource } from './certificate-source.ts';
import { startWebhookServer, type WebhookServer } from './webhook-server.ts';
import { ADDRESS, DRAIN, kubeClientFor, originOf, type RunWebhookContext, tlsOf, type WebhookRun } from './webhook-wiring.ts';

export { webhookFlagTable } from '../../webhook/flags.data.ts';
export { optionsFromFlags as webhookOptionsFromFlags } from '../../webhook/options-from-flags.ts';

/**
 * Runs the webhook until the signal aborts, then drains: in this process, or with `--workers` in several of which this one is the parent.
 * Rejects with `ListenError`, `TlsPairError`, `CredentialsError` or `WorkerError`.
 */
export async function runWebhook(run: WebhookRun, context: RunWebhookContext, signal: AbortSignal): Promise<void> {
  if (run.serving.workers > 1) {
    const { runWorkers } = await import('./run-workers.ts');
    await runWorkers(run, context, signal);
    return;
  }
  const { options, serving } = run;
  const { log } = context;
  holdYoungGeneration();
  for (const notice of run.notices) log.warn('flag adjusted', { notice });
  const clock = systemClock();
  const client = await kubeClientFor(serving, context);
  let server: WebhookServer | undefined;
  const certificates = await certificateSource(
    { client, origin: originOf(serving), clock, log, onPair: (pair) => server?.setCertificate(tlsOf(serving, pair)) },
    signal,
  );
  try {
    server = await startWebhookServer({
      client,
      webhook: options,
      tls: tlsOf(serving, certificates.current()),
      certificateProblem: certificates.problem,
      address: ADDRESS,
      port: serving.port,
      metricsPort: serving.metricsPort,
      namespace: serving.namespace,
      identitiesFile: serving.identitiesFile,
      clock,
      log,
      random: Math.random,
    });
  } catch (error) {
    // What looks after certificates would keep a process alive that serves nobody.
    certificates.close();
    client.close();
    throw error;
  }
  log.info('webhook listens', { url: server.url, metricsUrl: server.metricsUrl });
  void server.synced.then(() => {
    collectGarbage();
    log.info('caches have synced');
  });
  await ended(signal);
  log.info('draining');
  await server.close(DRAIN);
  certificates.close();
}
