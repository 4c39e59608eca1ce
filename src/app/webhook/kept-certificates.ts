import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { type CertificateMaterial, renewCertificates } from '../../host/renew-certificates.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { resources } from '../../kube/core/resource.ts';
import { publishAuthorities, type WebhookConfigurationRef } from './published-authorities.ts';

export interface KeptCertificatesOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly secret: string;
  /** The Service through which the API server calls. */
  readonly service: string;
  /** The webhook configuration whose caBundle is kept; `undefined`: somebody else's work. */
  readonly configuration: WebhookConfigurationRef | undefined;
  readonly fieldManager: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A pair to serve from now on; the first one before `keepCertificates` resolves. */
  readonly onPair: (pair: { readonly cert: string; readonly key: string }) => void;
  /** After each look at the Secret: why it failed, or `undefined`. */
  readonly onLook?: (failure: string | undefined) => void;
}

/** The Secret is looked at this often, in milliseconds: far less than a new authority is published before it issues. */
const INTERVAL_MS = 60_000;
const RETRY_MS = 2_000;
const WRITE_ROUNDS = 5;

/** A Secret's members by `CertificateMaterial`'s; `tls.crt` and `tls.key` are Kubernetes' own names. */
const MEMBERS = { caBundle: 'ca.crt', caKey: 'ca.key', cert: 'tls.crt', key: 'tls.key' } as const;

/**
 * Keeps an authority and a serving certificate in a Secret, renews them ahead of time and publishes the authority in the webhook's configuration.
 * Any number of replicas does this without a leader: whoever finds something due writes with the resourceVersion it read, and who comes second
 * takes over what the first wrote. Resolves with the first pair, waiting for an API server that is away; goes on until the signal aborts.
 */
export async function keepCertificates(options: KeptCertificatesOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, log } = options;
  let served = '';

  function serve({ cert, key }: CertificateMaterial): void {
    if (cert === served) return;
    served = cert;
    options.onPair({ cert, key });
  }

  async function look(): Promise<void> {
    const material = await agree(options, signal);
    // Without a certificate nobody listens, so the first one does not wait for the configuration.
    if (served === '') serve(material);
    const { configuration } = options;
    if (configuration !== undefined) await publishAuthorities(client, { ...options, configuration, caBundle: material.caBundle }, signal);
    // Published first: nobody is to meet a certificate whose authority is not known yet.
    serve(material);
  }

  /** The boundary of a look: whatever failed is tried again. */
  async function tryLook(): Promise<void> {
    try {
      await look();
      options.onLook?.(undefined);
    } catch (error) {
      options.onLook?.(messageOf(error));
      if (!signal.aborted) log.warn('certificates were not looked after', { error: messageOf(error) });
    }
  }

  async function goOn(): Promise<void> {
    while (!signal.aborted) {
      await sleep(clock, INTERVAL_MS, signal).catch(() => undefined);
      if (!signal.aborted) await tryLook();
    }
  }

  await tryLook();
  while (served === '') {
    await sleep(clock, RETRY_MS, signal);
    await tryLook();
  }
  void goOn();
}

/** What all replicas use: what the Secret holds, or what this one just wrote into it. */
async function agree(options: KeptCertificatesOptions, signal: AbortSignal): Promise<CertificateMaterial> {
  const { client, clock, log, namespace, secret, service } = options;
  const names = [`${service}.${namespace}.svc`, service, `${service}.${namespace}`, `${service}.${namespace}.svc.cluster.local`] as const;
  for (let round = 1; ; round += 1) {
    const found = await client.find<KubeObject>(resources.secrets, { namespace, name: secret }, signal);
    const held = found && materialOf(found);
    const material = await renewCertificates(held, { clock, names });
    if (material === held) return material;
    try {
      await write(options, found, material, signal);
      log.info('certificates renewed', { namespace, name: secret });
      return material;
    } catch (error) {
      const isLate = error instanceof KubeApiError && (error.httpStatus === 409 || error.httpStatus === 404);
      if (!isLate || round === WRITE_ROUNDS) throw error;
    }
  }
}

async function write(
  { client, namespace, secret, fieldManager }: KeptCertificatesOptions,
  found: KubeObject | undefined,
  material: CertificateMaterial,
  signal: AbortSignal,
): Promise<void> {
  const data = Object.fromEntries(
    Object.entries(MEMBERS).map(([member, key]) => [key, Buffer.from(material[member as keyof CertificateMaterial]).toString('base64')]),
  );
  if (found === undefined) {
    const made = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { namespace, name: secret }, data };
    await client.create<KubeObject>(resources.secrets, made, { fieldManager }, signal);
  } else {
    const kept = typeof found.data === 'object' ? found.data : {};
    await client.replace<KubeObject>(resources.secrets, { ...found, data: { ...kept, ...data } }, { fieldManager }, signal);
  }
}

/** Members that are missing are empty, which renewal takes for broken. */
function materialOf(secret: KubeObject): CertificateMaterial {
  const data = (secret.data ?? {}) as Readonly<Record<string, unknown>>;
  const text = (member: keyof typeof MEMBERS): string => {
    const value = data[MEMBERS[member]];
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : '';
  };
  return { caBundle: text('caBundle'), caKey: text('caKey'), cert: text('cert'), key: text('key') };
}
