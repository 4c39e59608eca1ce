import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Authority } from '../../host/authority.ts';
import { type Listener, listen } from '../../host/listen.ts';
import { createKubeClient } from '../../kube/client/create-kube-client.ts';
import { httpsFetch } from '../../kube/client/https-fetch.ts';
import type { SigningKey } from '../../oidc/signing-key.ts';
import { createKubeApi, type KubeApi } from '../../sandbox/kube-api/create-kube-api.ts';
import { kubeconfigText } from '../kubeconfig-text.ts';
import type { ClusterSide } from './cluster-side.ts';

export interface SandboxClusterOptions {
  readonly cluster: string;
  readonly issuer: string;
  readonly authority: Authority;
  readonly signingKey: SigningKey;
  /** Bearer token of the cluster's administrator. */
  readonly adminToken: string;
  /** The port to take if it is free; 0: any. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Stands between the listener and the API. */
  readonly intercept?: ((handler: (request: Request) => Promise<Response>) => (request: Request) => Promise<Response>) | undefined;
  /** Called before the API's controllers start. */
  readonly prepare: (api: KubeApi) => void;
  /** Writes a file that only its owner may read, and answers its path. */
  readonly writeSecretFile: (name: string, text: string) => Promise<string>;
}

const GRACE_MS = 200;

/** Starts the sandbox's own API server. Rejects with `ListenError`, with nothing left listening. */
export async function openSandboxCluster(options: SandboxClusterOptions): Promise<ClusterSide> {
  const { authority, signingKey, issuer, adminToken, clock, log } = options;
  let url = '';
  const api = createKubeApi({
    clock,
    newId: randomUUID,
    log,
    serverUrl: () => url,
    issuer,
    signingKey,
    users: new Map([[adminToken, { username: 'sandbox-admin', uid: 'sandbox-admin', groups: ['system:masters', 'system:authenticated'] }]]),
    caPem: authority.caPem,
  });
  options.prepare(api);
  const certificate = await authority.issue({
    commonName: 'kube-apiserver',
    dnsNames: ['localhost', 'kubernetes.default.svc'],
    ipAddresses: ['127.0.0.1'],
  });
  const handler = (request: Request): Promise<Response> => api.handle(request);
  const open = (port: number): Promise<Listener> =>
    listen({
      handler: options.intercept?.(handler) ?? handler,
      lightRequests: options.intercept === undefined,
      tls: { cert: certificate.certPem, key: certificate.keyPem, minVersion: 'TLSv1.2' },
      port,
      // The API itself refuses what is too large for it, in its own words.
      maxBodyBytes: 16 << 20,
      allowedHosts: ['127.0.0.1', 'localhost', 'kubernetes.default.svc'],
      log,
    });
  const listener = await (options.port === 0 ? open(0) : open(options.port).catch(() => open(0)));
  url = listener.url;
  const close = async (): Promise<void> => {
    await Promise.all([listener.close(GRACE_MS), api.close()]);
  };
  api.start();
  try {
    const text = kubeconfigText({ name: options.cluster, server: url, caPem: authority.caPem, token: adminToken });
    const kubeconfig = await options.writeSecretFile('kubeconfig', text);
    return {
      url,
      issuer,
      kubeconfig,
      caPem: authority.caPem,
      keys: async () => [signingKey.publicJwk],
      kubeClient: (userAgent) =>
        createKubeClient({ server: url, fetch: httpsFetch({ ca: authority.caPem }), userAgent, token: async () => adminToken }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
