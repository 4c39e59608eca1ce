import type { Clock } from '../../base/clock.ts';
import { messageOf, PodroleError } from '../../base/errors.ts';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { connectKube } from '../../kube/client/connect.ts';
import type { KubeCredentials } from '../../kube/client/credentials.ts';
import { parseIssuer } from '../../oidc/issuer-url.ts';
import type { PublicJwk } from '../../oidc/key-set.ts';
import type { ClusterSide } from './cluster-side.ts';

/** A cluster that is there already, to be walked with the sandbox's AWS. */
export interface ExistingCluster {
  /** Its kubeconfig: one file, of somebody who may do everything. */
  readonly kubeconfig: string;
  /** Default the current context. */
  readonly context?: string | undefined;
  /** Take a cluster whose API server is not on loopback. It may be anybody's, and it cannot reach the webhook on this machine. */
  readonly allowRemote: boolean;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Connects to a cluster and learns its issuer and the public keys of its tokens from the API server itself. Changes nothing in it.
 * Rejects with `CredentialsError`, or with `cluster-not-local`, `cluster-unreachable` or `cluster-issuer-unusable`.
 */
export async function openExistingCluster(existing: ExistingCluster, clock: Clock, signal?: AbortSignal): Promise<ClusterSide> {
  const { loadKubeconfig } = await import('../../kube/client/kubeconfig.ts');
  const credentials = await loadKubeconfig({
    path: existing.kubeconfig,
    env: {},
    clock,
    ...(existing.context === undefined ? {} : { context: existing.context }),
  });
  refuseRemote(credentials, existing);
  const { issuer, keys } = await issuerOf(credentials, signal);
  return {
    url: credentials.server,
    issuer,
    kubeconfig: existing.kubeconfig,
    caPem: credentials.tls.ca ?? '',
    keys: () => keys,
    kubeClient: (userAgent) => connectKube(credentials, { userAgent }),
    close: async () => undefined,
  };
}

function refuseRemote({ server, source }: KubeCredentials, existing: ExistingCluster): void {
  const { hostname } = new URL(server);
  if (LOOPBACK.test(hostname) || existing.allowRemote) return;
  throw new PodroleError(`context ${JSON.stringify(source)} is the cluster at ${hostname}, which is not on this machine`, {
    code: 'cluster-not-local',
    hint: 'the walk creates and deletes Profiles, namespaces and a webhook for all pods: add --allow-remote-cluster if that is what you want',
  });
}

async function issuerOf(
  credentials: KubeCredentials,
  signal: AbortSignal | undefined,
): Promise<{ readonly issuer: string; readonly keys: readonly PublicJwk[] }> {
  const client = connectKube(credentials, { userAgent: 'podrole-setup' });
  try {
    const [discovery, keySet] = await Promise.all([
      client.raw('GET', '/.well-known/openid-configuration', undefined, signal),
      client.raw('GET', '/openid/v1/jwks', undefined, signal),
    ]);
    return { issuer: usableIssuer(isJsonObject(discovery) ? discovery.issuer : undefined), keys: keysIn(keySet) };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PodroleError && error.code.startsWith('cluster-')) throw error;
    throw new PodroleError(`the cluster at ${credentials.server} did not answer: ${messageOf(error)}`, {
      code: 'cluster-unreachable',
      hint: 'is it up, and may this kubeconfig read /.well-known/openid-configuration? kubectl get --raw /.well-known/openid-configuration',
      cause: error,
    });
  } finally {
    client.close();
  }
}

function usableIssuer(issuer: unknown): string {
  const reading = parseIssuer(typeof issuer === 'string' ? issuer : '');
  if (typeof issuer === 'string' && reading.ok && reading.url.issuer === issuer) return issuer;
  const problems = reading.ok ? ['issuer must not have a port, not even 443'] : reading.problems.map(({ message }) => message);
  throw new PodroleError(`the cluster's issuer ${JSON.stringify(issuer)} cannot be an OIDC provider of AWS: ${problems.join('; ')}`, {
    code: 'cluster-issuer-unusable',
    hint: 'start its kube-apiserver with --service-account-issuer=https://NAME[/PATH], with no port; the name needs no DNS here',
  });
}

function keysIn(document: unknown): readonly PublicJwk[] {
  const keys: unknown = isJsonObject(document) ? document.keys : undefined;
  if (Array.isArray(keys) && keys.length > 0) return (keys as readonly JsonObject[]).map((key) => key as unknown as PublicJwk);
  throw new PodroleError('the cluster publishes no key of its service account tokens at /openid/v1/jwks', {
    code: 'cluster-issuer-unusable',
    hint: 'start its kube-apiserver with --service-account-key-file',
  });
}
