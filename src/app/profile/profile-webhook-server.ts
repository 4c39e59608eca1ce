import { callerIdentity } from '../../aws/account.ts';
import type { AwsTarget } from '../../aws/client-options.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { listenBytes } from '../../host/listen-bytes.ts';
import { checkTlsPair } from '../../host/tls-files.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { createProfileWebhook } from '../../profile/create-profile-webhook.ts';
import type { ProfileControllerOptions } from '../../profile/options.ts';
import { askOwnRole, keepAskingOwnRole, type OwnRoleDeps } from '../../profile/own-role.ts';
import type { RolePolicy } from '../../profile/role-policy.ts';
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

/** Serves reviews of profiles over HTTPS until closed. Rejects with `ListenError` or `TlsPairError`. */
export async function startProfileWebhookServer(options: ProfileWebhookServerOptions, signal: AbortSignal): Promise<ProfileWebhookServer> {
  const { client, world, clock, log, controller } = options;
  let own: RolePolicy['own'];
  const onKnown = (known: RolePolicy['own']): void => {
    own = known;
  };
  const ownRole: OwnRoleDeps = { callerIdentity: (inner) => callerIdentity(options.aws, inner), clock, log, onKnown };
  void askOwnRole(ownRole, signal).then((known) => (known ? undefined : keepAskingOwnRole(ownRole, signal)));
  const webhook = createProfileWebhook(
    {
      ownRole: () => own,
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
