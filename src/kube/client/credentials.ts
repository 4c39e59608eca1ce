import type { TokenProvider } from './create-kube-client.ts';
import type { HttpsFetchOptions } from './https-fetch.ts';

/** How to reach one API server as somebody: what `httpsFetch` and `createKubeClient` take. */
export interface KubeCredentials {
  readonly server: string;
  readonly tls: HttpsFetchOptions;
  readonly token?: TokenProvider;
  /** To send with every request: impersonation, basic authentication. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The context's namespace, or the pod's own. */
  readonly namespace: string | undefined;
  /** Where these come from, for messages: a context's name, or `in-cluster`. */
  readonly source: string;
}
