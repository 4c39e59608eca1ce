import type { Log } from '../../base/log.ts';
import type { TlsOptions } from '../../host/http-limits.ts';
import { systemClock } from '../../host/system-clock.ts';
import { holdYoungGeneration } from '../../host/young-generation.ts';
import { createKubeClient } from '../../kube/client/create-kube-client.ts';
import { httpsFetch } from '../../kube/client/https-fetch.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resources } from '../../kube/core/resource.ts';
import type { ServingOptions, WebhookFlagsResult } from '../../webhook/options-from-flags.ts';
import { connectCluster } from '../cluster-connection.ts';
import { ended } from '../ended.ts';
import { type CertificateOrigin, certificateSource } from './certificate-source.ts';
import { startWebhookServer, type WebhookServer } from './webhook-server.ts';

export { webhookFlagTable } from '../../webhook/flags.data.ts';
export { optionsFromFlags as webhookOptionsFromFlags } from '../../webhook/options-from-flags.ts';

type WebhookRun = Extract<WebhookFlagsResult, { readonly ok: true }>;

export interface RunWebhookContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/** After readiness went: as long as endpoints take to lose the pod, and as long as a review may still take. Milliseconds. */
const DRAIN = { acceptMs: 5_000, finishMs: 10_000 };
/** All interfaces: the API server calls from another host. */
const ADDRESS = '0.0.0.0';

/** Runs the webhook until the signal aborts, then drains. Rejects with `ListenError`, `TlsPairError` or `CredentialsError`. */
export async function runWebhook(run: WebhookRun, context: RunWebhookContext, signal: AbortSignal): Promise<void> {
  const { options, serving } = run;
  const { log } = context;
  holdYoungGeneration();
  for (const notice of run.notices) log.warn('flag adjusted', { notice });
  const clock = systemClock();
  const client = await kubeClientFor(serving, context);
  const withPolicy = ({ cert, key }: { readonly cert: string; readonly key: string }): TlsOptions => ({
    cert,
    key,
    minVersion: serving.tlsMinVersion,
    ciphers: serving.tlsCiphers,
  });
  let server: WebhookServer | undefined;
  const certificates = await certificateSource(
    { client, origin: originOf(serving), clock, log, onPair: (pair) => server?.setCertificate(withPolicy(pair)) },
    signal,
  );
  server = await startWebhookServer({
    client,
    webhook: options,
    tls: withPolicy(certificates.current()),
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
  log.info('webhook listens', { url: server.url, metricsUrl: server.metricsUrl });
  void server.synced.then(() => log.info('caches have synced'));
  await ended(signal);
  log.info('draining');
  await server.close(DRAIN);
  certificates.close();
}

function originOf(serving: ServingOptions): CertificateOrigin {
  if (!serving.ownCertificate) return { kind: 'files', certFile: serving.tlsCertFile, keyFile: serving.tlsKeyFile };
  const { namespace, tlsSecret, serviceName, webhookConfiguration } = serving;
  const configuration =
    webhookConfiguration === undefined ? undefined : { resource: resources.mutatingWebhookConfigurations, name: webhookConfiguration };
  return { kind: 'own', namespace, secret: tlsSecret, service: serviceName, configuration, fieldManager: 'podrole-webhook' };
}

async function kubeClientFor(serving: ServingOptions, context: RunWebhookContext): Promise<KubeClient> {
  const userAgent = 'podrole-webhook';
  if (serving.kubeApi !== '') return createKubeClient({ server: serving.kubeApi, fetch: httpsFetch(), userAgent });
  const kubeconfig = serving.kubeconfig === '' ? undefined : serving.kubeconfig;
  return (await connectCluster({ kubeconfig, env: context.env, userAgent, preferPod: true })).client;
}
