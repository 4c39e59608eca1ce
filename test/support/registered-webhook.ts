import { registerWebhook } from '../../src/app/webhook/webhook-registration.ts';
import { startWebhookServer, type WebhookServer } from '../../src/app/webhook/webhook-server.ts';
import { silentLog } from '../../src/base/log.ts';
import { createAuthority } from '../../src/host/authority.ts';
import { systemClock } from '../../src/host/system-clock.ts';
import type { KubeClient } from '../../src/kube/client/kube-client.ts';

/** Starts a webhook without flags beside a cluster, and has the cluster call it. `admin` registers it, `own` is what it reads accounts with. */
export async function startRegisteredWebhook({
  admin,
  own,
}: {
  readonly admin: KubeClient;
  readonly own: KubeClient;
}): Promise<WebhookServer> {
  const clock = systemClock();
  const authority = await createAuthority({ clock, commonName: 'test' });
  const issued = await authority.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
  const server = await startWebhookServer({
    client: own,
    webhook: {},
    tls: { cert: issued.certPem, key: issued.keyPem },
    address: '127.0.0.1',
    port: 0,
    metricsPort: undefined,
    namespace: 'eks',
    identitiesFile: undefined,
    clock,
    log: silentLog,
    random: Math.random,
  });
  await server.synced;
  await registerWebhook(admin, { url: server.url, caPem: authority.caPem });
  return server;
}
