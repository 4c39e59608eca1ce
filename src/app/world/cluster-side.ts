import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { PublicJwk } from '../../oidc/key-set.ts';

/** A cluster as the sandbox's AWS, the product's servers and the walk meet it: the sandbox's own, or one that exists already. */
export interface ClusterSide {
  /** Base URL of the API server. */
  readonly url: string;
  /** `iss` of its service account tokens: an https URL without a port. */
  readonly issuer: string;
  /** Path of a kubeconfig of the cluster's administrator. */
  readonly kubeconfig: string;
  /** PEM of the CA that signed the API server's certificate; empty where the kubeconfig names none. */
  readonly caPem: string;
  /** The public keys of its service account tokens, now. Where the cluster does not tell at the moment: those that it told last. */
  keys(): Promise<readonly PublicJwk[]>;
  /** A client of its own connections, as the cluster's administrator. */
  kubeClient(userAgent: string): KubeClient;
  /** Gives up what this side holds; an existing cluster lives on. */
  close(): Promise<void>;
}
