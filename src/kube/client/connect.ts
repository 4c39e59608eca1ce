import { createKubeClient, type KubeClientOptions } from './create-kube-client.ts';
import type { KubeCredentials } from './credentials.ts';
import { httpsFetch } from './https-fetch.ts';
import type { KubeClient } from './kube-client.ts';

/** A client over connections of its own, for credentials of a kubeconfig or a pod. `close()` gives the connections up. */
export function connectKube(
  credentials: KubeCredentials,
  options: Pick<KubeClientOptions, 'userAgent' | 'timeoutMs' | 'onWarning'>,
): KubeClient {
  return createKubeClient({
    ...options,
    server: credentials.server,
    fetch: httpsFetch(credentials.tls),
    ...(credentials.token === undefined ? {} : { token: credentials.token }),
    ...(credentials.headers === undefined ? {} : { headers: credentials.headers }),
  });
}
