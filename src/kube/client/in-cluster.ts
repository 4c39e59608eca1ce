import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { KubeCredentials } from './credentials.ts';
import { CredentialsError } from './errors.ts';
import { tokenFile } from './token-file.ts';

export interface InClusterOptions {
  /** Of the environment: `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly mountPath?: string | undefined;
}

/** The credentials that Kubernetes mounts into a pod. Rejects with `CredentialsError` outside of one. The token is read anew as the kubelet replaces it. */
export async function inClusterCredentials(options: InClusterOptions): Promise<KubeCredentials> {
  const host = options.env.KUBERNETES_SERVICE_HOST;
  const port = options.env.KUBERNETES_SERVICE_PORT;
  if (!host || !port) {
    throw new CredentialsError('this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set', {
      hint: 'name a cluster with --kubeconfig',
    });
  }
  const mount = options.mountPath ?? '/var/run/secrets/kubernetes.io/serviceaccount';
  const ca = await mounted(mount, 'ca.crt');
  const namespace = await mounted(mount, 'namespace').catch(() => undefined);
  await mounted(mount, 'token');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca },
    token: tokenFile(path.join(mount, 'token'), options.clock),
    namespace: namespace?.trim() || undefined,
    source: 'in-cluster',
  };
}

async function mounted(mount: string, name: string): Promise<string> {
  try {
    return await readFile(path.join(mount, name), 'utf8');
  } catch (error) {
    throw new CredentialsError(`cannot read ${path.join(mount, name)}: ${messageOf(error)}`, {
      hint: 'give the pod a service account token (automountServiceAccountToken)',
      cause: error,
    });
  }
}
