import type { RequestOptions } from 'node:https';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import type { Clock } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { TokenProvider } from '../create-kube-client.ts';
import { CredentialsError } from '../errors.ts';
import { kubeconfigModel } from './json-kubeconfig.ts';
import type { ClusterEntry, KubeconfigModel, UserEntry } from './kubeconfig-model.ts';

/** Asking a plugin costs a process: not for every request, even where it names no end. */
const ASK_EVERY_MS = 60_000;

/** A kubeconfig in YAML, read by the Kubernetes client library. This file is the only one that loads it (130 ms, 57 MB): imported on demand. */
export function readYamlKubeconfig(text: string, file: string): KubeconfigModel {
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch (error) {
    // The library falls over a file that is empty or only comments.
    const why = error instanceof TypeError ? 'it holds no clusters, users and contexts' : firstLine(messageOf(error));
    throw new CredentialsError(`${file} is not a valid kubeconfig: ${why}`, { cause: error });
  }
  return kubeconfigModel(
    {
      clusters: config.clusters.map((cluster) => ({
        name: cluster.name,
        cluster: {
          server: cluster.server,
          'certificate-authority-data': cluster.caData,
          'certificate-authority': cluster.caFile,
          'insecure-skip-tls-verify': cluster.skipTLSVerify,
          'tls-server-name': cluster.tlsServerName,
          'proxy-url': cluster.proxyUrl,
        },
      })),
      users: config.users.map((user) => ({
        name: user.name,
        user: {
          token: user.token,
          'client-certificate-data': user.certData,
          'client-certificate': user.certFile,
          'client-key-data': user.keyData,
          'client-key': user.keyFile,
          username: user.username,
          password: user.password,
          as: user.impersonateUser,
          exec: user.exec,
          'auth-provider': user.authProvider,
        },
      })),
      contexts: config.contexts.map(({ name, ...context }) => ({ name, context })),
      'current-context': config.currentContext,
    },
    file,
  );
}

/** What a credential plugin gave. */
export interface PluginCredentials {
  readonly token: TokenProvider;
  /** A client certificate, where the plugin gives one. */
  readonly cert?: string;
  readonly key?: string;
}

/** Runs the user's `exec` plugin or `auth-provider` once, and again for tokens as they end or are refused. Rejects with `CredentialsError`. */
export async function pluginCredentials(cluster: ClusterEntry, user: UserEntry, clock: Clock): Promise<PluginCredentials> {
  let config = configOf(cluster, user);
  let last = await ask(config, user);
  let askedAt = clock.monotonic();
  return {
    ...(typeof last.cert === 'string' && typeof last.key === 'string' ? { cert: last.cert, key: last.key } : {}),
    token: async ({ fresh }) => {
      if (fresh || clock.monotonic() - askedAt >= ASK_EVERY_MS) {
        // The library keeps a token until its end, even a refused one: a new configuration forgets it.
        if (fresh) config = configOf(cluster, user);
        last = await ask(config, user);
        askedAt = clock.monotonic();
      }
      return bearerIn(last);
    },
  };
}

function configOf(cluster: ClusterEntry, user: UserEntry): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster as unknown as Cluster, user as unknown as User);
  return config;
}

async function ask(config: KubeConfig, user: UserEntry): Promise<RequestOptions> {
  const options: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new CredentialsError(`the credential plugin of user ${JSON.stringify(user.name)} failed: ${firstLine(messageOf(error))}`, {
      hint: 'run the command of its exec section by hand',
      cause: error,
    });
  }
  return options;
}

function bearerIn(options: RequestOptions): string | undefined {
  const headers = options.headers as Readonly<Record<string, unknown>> | undefined;
  const value = headers?.Authorization;
  return typeof value === 'string' && value.startsWith('Bearer ') ? value.slice('Bearer '.length) : undefined;
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.slice(0, 300) ?? '';
}
