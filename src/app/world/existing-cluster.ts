import type { Clock } from '../../base/clock.ts';
import { messageOf, PodroleError } from '../../base/errors.ts';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { Log } from '../../base/log.ts';
import { connectKube } from '../../kube/client/connect.ts';
import type { KubeCredentials } from '../../kube/client/credentials.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { parseIssuer } from '../../oidc/issuer-url.ts';
import type { PublicJwk } from '../../oidc/key-set.ts';
import { issuerProblem } from '../../setup/site.ts';
import type { ClusterSide } from './cluster-side.ts';
import { contextKubeconfig } from './context-kubeconfig.ts';

/** A cluster that is there already, to be walked with the sandbox's AWS. */
export interface ExistingCluster {
  /** Its kubeconfig: one file, of somebody who may do everything. */
  readonly kubeconfig: string;
  /** Default the current context. */
  readonly context?: string | undefined;
  /** Take a cluster whose API server is not on loopback. It may be anybody's, and it cannot reach the webhook on this machine. */
  readonly allowRemote: boolean;
}

const JWKS_PATH = '/openid/v1/jwks';
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export interface OpenExistingOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Writes a file that only its owner may read, and answers its path. */
  readonly writeSecretFile: (name: string, text: string) => Promise<string>;
}

/**
 * Connects to a cluster and learns its issuer and the public keys of its tokens from the API server itself; the keys are asked for again
 * whenever they are wanted, so that a rotation is followed. Changes nothing in the cluster. Where a context is named, the kubeconfig handed
 * on is a copy in which it is the current one. Rejects with `CredentialsError`, or with `cluster-not-local`, `cluster-unreachable` or
 * `cluster-issuer-unusable`.
 */
export async function openExistingCluster(existing: ExistingCluster, options: OpenExistingOptions): Promise<ClusterSide> {
  const { clock, log, writeSecretFile } = options;
  const { kubeconfig, context } = existing;
  const { loadKubeconfig } = await import('../../kube/client/kubeconfig.ts');
  const credentials = await loadKubeconfig({ path: kubeconfig, env: {}, clock, ...(context === undefined ? {} : { context }) });
  refuseRemote(credentials, existing);
  const client = connectKube(credentials, { userAgent: 'podrole-setup' });
  try {
    const { issuer, keys: first } = await issuerOf(client, credentials.server);
    let last = first;
    return {
      url: credentials.server,
      issuer,
      kubeconfig: context === undefined ? kubeconfig : await writeSecretFile('kubeconfig', await contextKubeconfig(kubeconfig, context)),
      caPem: credentials.tls.ca ?? '',
      keys: async () => {
        try {
          last = keysIn(await client.raw('GET', JWKS_PATH));
        } catch (error) {
          log.warn('cluster does not tell its keys', { error: messageOf(error) });
        }
        return last;
      },
      kubeClient: (userAgent) => connectKube(credentials, { userAgent }),
      close: async () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Behind a proxy the server's address means a place of the proxy's choice: `127.0.0.1` is then the proxy's machine. */
function refuseRemote({ server, source, tls }: KubeCredentials, existing: ExistingCluster): void {
  const { hostname } = new URL(server);
  if ((LOOPBACK.test(hostname) && tls.proxy === undefined) || existing.allowRemote) return;
  const where = tls.proxy === undefined ? 'which is not on this machine' : 'reached through a proxy, which may be anywhere';
  throw new PodroleError(`context ${JSON.stringify(source)} is the cluster at ${hostname}, ${where}`, {
    code: 'cluster-not-local',
    hint: 'the walk creates and deletes Profiles, namespaces and a webhook for all pods: add --allow-remote-cluster if that is what you want',
  });
}

async function issuerOf(client: KubeClient, server: string): Promise<{ readonly issuer: string; readonly keys: readonly PublicJwk[] }> {
  try {
    const [discovery, keySet] = await Promise.all([client.raw('GET', '/.well-known/openid-configuration'), client.raw('GET', JWKS_PATH)]);
    return { issuer: usableIssuer(isJsonObject(discovery) ? discovery.issuer : undefined), keys: keysIn(keySet) };
  } catch (error) {
    if (error instanceof PodroleError && error.code.startsWith('cluster-')) throw error;
    throw new PodroleError(`the cluster at ${server} did not answer: ${messageOf(error)}`, {
      code: 'cluster-unreachable',
      hint: 'is it up, and may this kubeconfig read /.well-known/openid-configuration? kubectl get --raw /.well-known/openid-configuration',
      cause: error,
    });
  }
}

function usableIssuer(issuer: unknown): string {
  const given = typeof issuer === 'string' ? issuer : '';
  const reading = parseIssuer(given);
  const hasPort = reading.ok && reading.url.issuer !== given;
  const problem = hasPort ? 'issuer must not have a port, not even 443' : issuerProblem(given);
  if (problem === undefined) return given;
  throw new PodroleError(`the cluster's issuer ${JSON.stringify(issuer)} cannot be an OIDC provider of AWS: ${problem}`, {
    code: 'cluster-issuer-unusable',
    hint: 'start its kube-apiserver with --service-account-issuer=https://NAME[/PATH], with no port; the name needs no DNS here, but a public form, such as oidc.example.com',
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
