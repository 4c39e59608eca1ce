import { callerIdentity } from '../../aws/account.ts';
import type { AwsTarget } from '../../aws/client-options.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { listenBytes } from '../../host/listen-bytes.ts';
import { checkTlsPair } from '../../host/tls-files.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { createProfileWebhook } from '../../profile/create-profile-webhook.ts';
import type { ProfileControllerOptions } from '../../profile/options.ts';
import { ownRoleOf, type RolePolicy } from '../../profile/role-policy.ts';
import { type CertificateOrigin, certificateSource } from '../webhook/certificate-source.ts';
import type { ControllerWorld } from './controller-world.ts';
import { trustPolicyStore } from './trust-policy-store.ts';

export interface ProfileWebhookServerOptions {
  readonly client: KubeClient;
  readonly aws: AwsTarget;
  readonly world: ControllerWorld;
  readonly controller: ProfileControllerOptions;
  readonly address: string;
  readonly port: number;
  readonly certificate: CertificateOrigin;
  readonly clock: Clock;
  readonly log: Log;
}

/** A validating webhook that accepts reviews: on every replica, whoever holds the lease. */
export interface ProfileWebhookServer {
  readonly url: string;
  /** Reviews are still answered for `acceptMs`, those under way for `finishMs` more. */
  close(times: { readonly acceptMs: number; readonly finishMs: number }): Promise<void>;
}

const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 60_000;

/** Serves reviews of profiles over HTTPS until closed. Rejects with `ListenError` or `TlsPairError`. */
export async function startProfileWebhookServer(options: ProfileWebhookServerOptions, signal: AbortSignal): Promise<ProfileWebhookServer> {
  const { client, world, clock, log, controller } = options;
  const own = followOwnRole(options, signal);
  const webhook = createProfileWebhook(
    {
      ownRole: own,
      namespace: (name) => world.namespace(name),
      getRole: trustPolicyStore(options.aws).getRole,
      metrics: {
        count: (name, labels, by) => world.metrics.increment(name, labels, by),
        set: (name, labels, value) => world.metrics.set(name, value, labels),
      },
      clock,
      log,
    },
    { allowedRoles: controller.allowedRoles ?? [], defaultRole: controller.defaultRole },
  );
  const tell = ({ cert, key }: { readonly cert: string; readonly key: string }): void => {
    const { notAfter } = checkTlsPair(cert, key, clock.now());
    world.metrics.set('podrole_profile_webhook_certificate_expiry_seconds', notAfter.getTime() / 1_000);
  };
  let serve: ((pair: { readonly cert: string; readonly key: string }) => void) | undefined;
  const certificates = await certificateSource(
    { client, origin: options.certificate, clock, log, onPair: (pair) => serve?.(pair) },
    signal,
  );
  try {
    const { address, port } = options;
    const listener = await listenBytes({ onRequest: webhook.handle, tls: certificates.current(), address, port, log });
    serve = (pair) => {
      listener.setSecureContext(pair);
      tell(pair);
    };
    tell(certificates.current());
    log.info('profile webhook listens', { url: listener.url });
    return {
      url: listener.url,
      close: async (times) => {
        await (times.acceptMs === 0 ? listener.close(times.finishMs) : listener.drain(times));
        webhook.stop();
        certificates.close();
      },
    };
  } catch (error) {
    certificates.close();
    throw error;
  }
}

/** The controller's own role as soon as AWS says it; asked until then, so that an outage at start does not leave it unprotected for good. */
function followOwnRole({ aws, clock, log }: ProfileWebhookServerOptions, signal: AbortSignal): () => RolePolicy['own'] {
  let own: RolePolicy['own'];
  async function ask(waitMs: number): Promise<void> {
    try {
      own = ownRoleOf((await callerIdentity(aws, signal)).arn);
    } catch (error) {
      if (signal.aborted) return;
      log.warn('own role unknown', { reason: 'OwnRoleUnknown', error: messageOf(error) });
      await sleep(clock, waitMs, signal).catch(() => undefined);
      if (!signal.aborted) await ask(Math.min(RETRY_MOST_MS, waitMs * 2));
    }
  }
  void ask(RETRY_FIRST_MS);
  return () => own;
}
