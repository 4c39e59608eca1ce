import type { Log } from '../../base/log.ts';
import type { TlsOptions } from '../../host/http-limits.ts';
import { createKubeClient } from '../../kube/client/create-kube-client.ts';
import { httpsFetch } from '../../kube/client/https-fetch.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resources } from '../../kube/core/resource.ts';
import type { ServingOptions, WebhookFlagsResult } from '../../webhook/options-from-flags.ts';
import { connectCluster } from '../cluster-connection.ts';
import type { CertificateOrigin } from './certificate-source.ts';

/** Flags that were read and found good. */
export type WebhookRun = Extract<WebhookFlagsResult, { readonly ok: true }>;

export interface RunWebhookContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/** After readiness went: as long as endpoints take to lose the pod, and as long as a review may still take. Milliseconds. */
export const DRAIN = { acceptMs: 5_000, finishMs: 10_000 };
/** All interfaces: the API server calls from another host. */
export const ADDRESS = '0.0.0.0';

/** A pair as it is served by the flags. */
export function tlsOf(serving: ServingOptions, { cert, key }: { readonly cert: string; readonly key: string }): TlsOptions {
  return { cert, key, minVersion: serving.tlsMinVersion, ciphers: serving.tlsCiphers };
}

/** Where the flags say that the certificate is from. */
export function originOf(serving: ServingOptions): CertificateOrigin {
  if (!serving.ownCertificate) return { kind: 'files', certFile: serving.tlsCertFile, keyFile: serving.tlsKeyFile };
  const { namespace, tlsSecret, serviceName, webhookConfiguration } = serving;
  const configuration =
    webhookConfiguration === undefined ? undefined : { resource: resources.mutatingWebhookConfigurations, name: webhookConfiguration };
  return { kind: 'own', namespace, secret: tlsSecret, service: serviceName, configuration, fieldManager: 'podrole-webhook' };
}

/** The API by URL, by kubeconfig or from within the cluster. Rejects with `CredentialsError`. */
export async function kubeClientFor(serving: ServingOptions, context: RunWebhookContext): Promise<KubeClient> {
  const userAgent = 'podrole-webhook';
  if (serving.kubeApi !== '') return createKubeClient({ server: serving.kubeApi, fetch: httpsFetch(), userAgent });
  const kubeconfig = serving.kubeconfig === '' ? undefined : serving.kubeconfig;
  return (await connectCluster({ kubeconfig, env: context.env, userAgent, preferPod: true })).client;
}
