import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { certificatesIn } from '../../host/renew-certificates.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import type { Resource } from '../../kube/core/resource.ts';

/** A MutatingWebhookConfiguration or ValidatingWebhookConfiguration. */
export interface WebhookConfigurationRef {
  readonly resource: Resource;
  readonly name: string;
}

export interface PublishOptions {
  /** Kind and name of the webhook configuration. */
  readonly configuration: WebhookConfigurationRef;
  readonly fieldManager: string;
  readonly namespace: string;
  readonly service: string;
  readonly caBundle: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface ClientConfig {
  readonly service?: { readonly name?: string; readonly namespace?: string };
  readonly caBundle?: string;
}
interface Configuration extends KubeObject {
  readonly webhooks?: readonly { readonly clientConfig?: ClientConfig }[];
}

const ROUNDS = 5;

/**
 * Makes the API server trust `caBundle` for every webhook of the configuration that calls the Service. Authorities that are there already stay until
 * they end, since a replica of an older version may still serve by them. A configuration that does not exist is reported and no error. Throws as the client.
 */
export async function publishAuthorities(client: KubeClient, options: PublishOptions, signal: AbortSignal): Promise<void> {
  const { log, fieldManager } = options;
  const { resource, name } = options.configuration;
  for (let round = 1; ; round += 1) {
    const found = await client.find<Configuration>(resource, { name }, signal);
    if (found === undefined) {
      log.warn('the webhook configuration does not exist, so no API server calls', { name });
      return;
    }
    const wanted = { ...found, webhooks: found.webhooks?.map((webhook) => trusting(webhook, options)) ?? [] };
    if (wanted.webhooks.every((webhook, index) => webhook === found.webhooks?.[index])) return;
    try {
      await client.replace(resource, wanted, { fieldManager }, signal);
      log.info('authorities published', { name });
      return;
    } catch (error) {
      if (!(error instanceof KubeApiError && error.httpStatus === 409) || round === ROUNDS) throw error;
    }
  }
}

/** The webhook itself when it trusts all it must. */
function trusting<W extends { readonly clientConfig?: ClientConfig }>(
  webhook: W,
  { namespace, service, caBundle, clock }: PublishOptions,
): W {
  const { clientConfig } = webhook;
  if (clientConfig?.service?.name !== service || clientConfig.service.namespace !== namespace) return webhook;
  const present = certificatesIn(Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8'));
  const own = certificatesIn(caBundle);
  if (own.every(({ fingerprint256 }) => present.some((other) => other.fingerprint256 === fingerprint256))) return webhook;
  const others = present.filter(
    (other) => new Date(other.validTo) > clock.now() && !own.some(({ fingerprint256 }) => fingerprint256 === other.fingerprint256),
  );
  const bundle = [...own, ...others].map((certificate) => certificate.toString()).join('');
  return { ...webhook, clientConfig: { ...clientConfig, caBundle: Buffer.from(bundle).toString('base64') } };
}
