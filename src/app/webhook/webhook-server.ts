import { readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { healthHandler } from '../../host/health.ts';
import type { TlsOptions } from '../../host/http-limits.ts';
import { type Listener, listen } from '../../host/listen.ts';
import { listenBytes } from '../../host/listen-bytes.ts';
import type { Metrics } from '../../host/metrics.ts';
import { checkTlsPair, pairProblem, type TlsPair } from '../../host/tls-files.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resources } from '../../kube/core/resource.ts';
import { createEventRecorder } from '../../kube/runtime/event-recorder.ts';
import { createInformer } from '../../kube/runtime/informer.ts';
import { createPodIdentityWebhook, mappingTextOf, type PodIdentityWebhook, serviceAccountKeeper } from '../../webhook/create-webhook.ts';
import { MAPPING_CONFIG_MAP, MAPPING_KEY } from '../../webhook/mapping.ts';
import { webhookMetrics } from '../../webhook/metrics.data.ts';
import { defaultWebhookOptions, type WebhookOptions } from '../../webhook/options.ts';
import { declaredMetrics } from '../declared-metrics.ts';

export interface WebhookServerOptions {
  readonly client: KubeClient;
  readonly webhook: Partial<WebhookOptions>;
  readonly tls: TlsOptions;
  /** What is wrong with the certificate that should be served next, if anything: told when the served one ends. */
  readonly certificateProblem?: (() => string | undefined) | undefined;
  readonly address: string;
  readonly port: number;
  /** Metrics and probes, plain HTTP; `undefined`: none. */
  readonly metricsPort: number | undefined;
  /** Namespace of the mapping ConfigMap. */
  readonly namespace: string;
  /** File of the EKS Pod Identity associations; `undefined`: off. */
  readonly identitiesFile: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Stands between the listener and the webhook. */
  readonly intercept?: (handle: PodIdentityWebhook['handle']) => PodIdentityWebhook['handle'];
}

/** A webhook that accepts reviews. */
export interface WebhookServer {
  readonly url: string;
  readonly metricsUrl: string | undefined;
  /** Resolves when the caches have synced; until then unknown accounts are read directly. */
  readonly synced: Promise<void>;
  /** Why this process is not ready; `undefined`: it is. */
  unready(): string | undefined;
  readonly metrics: Metrics;
  /** New handshakes take this certificate. */
  setCertificate(tls: TlsOptions): void;
  /** Not ready from now on; reviews are still answered for `acceptMs`, those under way for `finishMs` more. */
  close(times: { readonly acceptMs: number; readonly finishMs: number }): Promise<void>;
}

const IDENTITIES_INTERVAL_MS = 1_000;

/** Starts the pod identity webhook: admission over HTTPS, its caches, metrics and probes. Rejects with `ListenError` or `TlsPairError`. */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { client, clock, log, random } = options;
  const resolved: WebhookOptions = { ...defaultWebhookOptions, ...options.webhook };
  const metrics = declaredMetrics(webhookMetrics);
  let served: TlsPair;
  serve(options.tls);
  const events = createEventRecorder({ client, component: 'podrole-webhook', clock, random, log });
  const accounts = createInformer({
    client,
    resource: resources.serviceAccounts,
    clock,
    random,
    log,
    transform: serviceAccountKeeper(resolved),
  });
  const mapping = { namespace: options.namespace, name: MAPPING_CONFIG_MAP };
  const webhook = createPodIdentityWebhook(
    {
      clock,
      log,
      random,
      serviceAccounts: accounts.store,
      readServiceAccount: (namespace, name, signal) => client.find(resources.serviceAccounts, { namespace, name }, signal),
      readMapping: async (signal) => mappingTextOf(await client.find(resources.configMaps, mapping, signal), MAPPING_KEY),
      readIdentities: () => readIdentities(options.identitiesFile),
      recordEvent: ({ namespace, serviceAccount, type, reason, message }) =>
        events.record({ regarding: { apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: serviceAccount }, type, reason, message }),
      metrics,
      unready: certificateComplaint,
    },
    resolved,
  );
  metrics.set('podrole_admission_workers', 1);
  accounts.subscribe(webhook.serviceAccountHandlers);
  const handle = options.intercept?.(webhook.handle) ?? webhook.handle;
  const listener = await listenBytes({
    onRequest: handle,
    onOverload: webhook.turnAway,
    onDrop: webhook.connectionDropped,
    onFailedHandshake: webhook.handshakeFailed,
    tls: options.tls,
    address: options.address,
    port: options.port,
    log,
  });
  let probes: Listener | undefined;
  try {
    probes =
      options.metricsPort === undefined
        ? undefined
        : await listen({
            handler: healthHandler({
              ready: () => [webhook.unready()].filter((because) => because !== undefined),
              metrics: metrics.registry.handle,
            }),
            address: options.address,
            port: options.metricsPort,
            log,
          });
  } catch (error) {
    await listener.close(0);
    throw error;
  }

  function serve({ cert, key }: TlsOptions): void {
    served = checkTlsPair(cert, key, clock.now());
    metrics.set('podrole_admission_certificate_expiry_seconds', served.notAfter.getTime() / 1_000);
  }

  function certificateComplaint(): string | undefined {
    const ends = pairProblem(served, clock.now());
    const next = options.certificateProblem?.();
    return ends === undefined || next === undefined ? ends : `${ends}; its successor is not taken over: ${next}`;
  }

  const ending = new AbortController();
  const { signal } = ending;
  const tasks = [accounts.run(signal)];
  if (resolved.mapping) tasks.push(watchMapping());
  if (options.identitiesFile !== undefined) watchIdentities(options.identitiesFile);

  async function watchMapping(): Promise<void> {
    const maps = createInformer({
      client,
      resource: resources.configMaps,
      namespace: mapping.namespace,
      fieldSelector: `metadata.name=${mapping.name}`,
      clock,
      random,
      log,
    });
    const tell = (): void => webhook.setMapping(mappingTextOf(maps.store.get(`${mapping.namespace}/${mapping.name}`), MAPPING_KEY));
    maps.subscribe({ onUpsert: tell, onDelete: tell, onSynced: tell });
    await maps.run(signal);
  }

  /** By content: the symlink swap of a mounted ConfigMap is no event of the file's own. */
  function watchIdentities(file: string): void {
    const look = async (): Promise<void> => {
      await readIdentities(file).then(webhook.setIdentities, (error: unknown) =>
        log.warn('container credentials file cannot be read', { error: messageOf(error) }),
      );
      if (!signal.aborted) clock.after(IDENTITIES_INTERVAL_MS, () => void look());
    };
    void look();
  }

  return {
    url: listener.url,
    metricsUrl: probes?.url,
    synced: accounts.synced,
    unready: webhook.unready,
    metrics: metrics.registry,
    setCertificate: (tls) => {
      serve(tls);
      listener.setSecureContext(tls);
    },
    close: async (times) => {
      webhook.startDraining();
      await listener.drain(times);
      ending.abort();
      await Promise.all([...tasks, events.flush(), probes?.close(0)]);
      client.close();
    },
  };
}

/** The file's text; `undefined` when there is none. */
async function readIdentities(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
