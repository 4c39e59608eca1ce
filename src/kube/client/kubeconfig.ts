import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { TokenProvider } from './create-kube-client.ts';
import type { KubeCredentials } from './credentials.ts';
import { CredentialsError } from './errors.ts';
import type { HttpsFetchOptions } from './https-fetch.ts';
import { readJsonKubeconfig } from './internal/json-kubeconfig.ts';
import { type ClusterEntry, type KubeconfigModel, mergeKubeconfigs, type UserEntry } from './internal/kubeconfig-model.ts';
import { proxyFromEnvironment } from './proxy-environment.ts';
import { tokenFile } from './token-file.ts';

export interface KubeconfigOptions {
  /** One file. Default: those of `KUBECONFIG`, else `$HOME/.kube/config`. */
  readonly path?: string;
  /** Default the current context. */
  readonly context?: string;
  /** The environment: `KUBECONFIG`, `HOME`, and `HTTPS_PROXY` with its kin. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Far above any kubeconfig in use; a bound for what a YAML parser is made to read. */
const MAX_BYTES = 1024 * 1024;

/**
 * The credentials of one context. A file in JSON is read at once; YAML, `exec` plugins and `auth-provider`s load the Kubernetes client library.
 * Rejects with `CredentialsError`, which names the file and what is missing in it.
 */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<KubeCredentials> {
  const files = filesOf(options);
  const models: KubeconfigModel[] = [];
  let texts = '';
  for (const file of files) {
    const text = await readConfig(file, files.length > 1);
    if (text === undefined) continue;
    texts += text;
    models.push(text.trimStart().startsWith('{') ? readJsonKubeconfig(text, file) : (await library()).readYamlKubeconfig(text, file));
  }
  const model = mergeKubeconfigs(models);
  const where = files.join(', ');
  const name = options.context ?? model.currentContext;
  if (name === undefined) throw new CredentialsError(`${where} has no current context`, { hint: 'choose one with --context' });
  const context = model.contexts.find((entry) => entry.name === name);
  if (!context)
    throw new CredentialsError(`${where} has no context ${JSON.stringify(name)}`, {
      hint: `known: ${model.contexts.map((entry) => entry.name).join(', ') || 'none'}`,
    });
  const cluster = model.clusters.find((entry) => entry.name === context.cluster);
  if (!cluster)
    throw new CredentialsError(
      `${where}: context ${JSON.stringify(name)} names cluster ${JSON.stringify(context.cluster)}, which is not there`,
    );
  const user = model.users.find((entry) => entry.name === context.user) ?? { name: context.user ?? '' };
  if (isBare(user) && /\btokenFile\b/.test(texts)) {
    throw new CredentialsError(`${where}: tokenFile is not read from YAML`, {
      hint: 'write the file as JSON: kubectl config view --raw -o json',
    });
  }
  const auth = await authOf(cluster, user, options.clock);
  const headers = headersOf(user);
  return {
    server: cluster.server,
    tls: await tlsOf(cluster, auth, options.env),
    ...(auth.token === undefined ? {} : { token: auth.token }),
    ...(headers === undefined ? {} : { headers }),
    namespace: context.namespace,
    source: name,
  };
}

function filesOf(options: KubeconfigOptions): readonly string[] {
  if (options.path !== undefined) return [options.path];
  const listed = (options.env.KUBECONFIG ?? '').split(path.delimiter).filter((file) => file !== '');
  if (listed.length > 0) return listed;
  const home = options.env.HOME ?? options.env.USERPROFILE;
  if (!home) throw new CredentialsError('no kubeconfig: neither KUBECONFIG nor HOME is set', { hint: 'name one with --kubeconfig' });
  return [path.join(home, '.kube', 'config')];
}

async function readConfig(file: string, mayBeAbsent: boolean): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (mayBeAbsent && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CredentialsError(`cannot read the kubeconfig ${file}: ${messageOf(error)}`, {
      hint: 'name another with --kubeconfig',
      cause: error,
    });
  }
  if (text.length > MAX_BYTES) throw new CredentialsError(`the kubeconfig ${file} is larger than ${MAX_BYTES} bytes`);
  return text;
}

function library(): Promise<typeof import('./internal/kubeconfig-library.ts')> {
  return import('./internal/kubeconfig-library.ts');
}

interface Auth {
  readonly token?: TokenProvider;
  readonly cert?: string;
  readonly key?: string;
}

async function authOf(cluster: ClusterEntry, user: UserEntry, clock: Clock): Promise<Auth> {
  const cert = await pemOf(user.certData, user.certFile);
  const key = await pemOf(user.keyData, user.keyFile);
  const pair = cert !== undefined && key !== undefined ? { cert, key } : {};
  const { token } = user;
  if (token !== undefined) return { ...pair, token: async () => token };
  if (user.tokenFile !== undefined) return { ...pair, token: tokenFile(user.tokenFile, clock) };
  if (user.exec !== undefined || user.authProvider !== undefined)
    return { ...pair, ...(await (await library()).pluginCredentials(cluster, user, clock)) };
  return pair;
}

async function tlsOf(cluster: ClusterEntry, auth: Auth, env: KubeconfigOptions['env']): Promise<HttpsFetchOptions> {
  const ca = await pemOf(cluster.caData, cluster.caFile);
  const proxy = cluster.proxyUrl ?? proxyFromEnvironment(cluster.server, env);
  if (proxy !== undefined && !/^https?:\/\//.test(proxy)) throw new CredentialsError(`the proxy ${proxy} is not an http or https URL`);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(auth.cert === undefined || auth.key === undefined ? {} : { cert: auth.cert, key: auth.key }),
    ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

function headersOf(user: UserEntry): Readonly<Record<string, string>> | undefined {
  const headers: Record<string, string> = {};
  if (user.impersonateUser !== undefined) headers['impersonate-user'] = user.impersonateUser;
  if (user.username !== undefined)
    headers.authorization = `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
  return Object.keys(headers).length === 0 ? undefined : headers;
}

async function pemOf(data: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CredentialsError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function isBare(user: UserEntry): boolean {
  const { name: _, ...credentials } = user;
  return Object.values(credentials).every((value) => value === undefined);
}
