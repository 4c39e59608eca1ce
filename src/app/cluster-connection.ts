import type { Clock } from '../base/clock.ts';
import { systemClock } from '../host/system-clock.ts';
import { connectKube } from '../kube/client/connect.ts';
import type { KubeCredentials } from '../kube/client/credentials.ts';
import { inClusterCredentials } from '../kube/client/in-cluster.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';

export interface ClusterAccess {
  /** One kubeconfig file; absent: as `preferPod` says, then $KUBECONFIG, then ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** `PODROLE_SERVICE_ACCOUNT_FOLDER` is where the pod's own account is, for containers that find their mounts elsewhere (Windows HostProcess). */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  /** In a pod, and with no kubeconfig named, use the pod's own account. For the servers. */
  readonly preferPod?: boolean;
  readonly clock?: Clock;
}

/** A cluster, and the namespace that its credentials speak of. */
export interface ClusterConnection {
  readonly client: KubeClient;
  readonly namespace: string | undefined;
}

/** Connects by kubeconfig, or as the pod that this process runs in. Rejects with `CredentialsError`, which names the file and what is missing. */
export async function connectCluster(access: ClusterAccess): Promise<ClusterConnection> {
  const credentials = await credentialsFor(access);
  return { client: connectKube(credentials, { userAgent: access.userAgent }), namespace: credentials.namespace };
}

async function credentialsFor(access: ClusterAccess): Promise<KubeCredentials> {
  const clock = access.clock ?? systemClock();
  const { env } = access;
  if (access.preferPod === true && access.kubeconfig === undefined && env.KUBERNETES_SERVICE_HOST)
    return inClusterCredentials({ env, clock, mountPath: env.PODROLE_SERVICE_ACCOUNT_FOLDER || undefined });
  // Loaded here: the library that reads YAML kubeconfigs is large, and a pod never needs it.
  const { loadKubeconfig } = await import('../kube/client/kubeconfig.ts');
  return loadKubeconfig({
    env,
    clock,
    ...(access.kubeconfig === undefined ? {} : { path: access.kubeconfig }),
    ...(access.context === undefined ? {} : { context: access.context }),
  });
}
