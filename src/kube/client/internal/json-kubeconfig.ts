import path from 'node:path';
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { CredentialsError } from '../errors.ts';
import type { ClusterEntry, ContextEntry, KubeconfigModel, UserEntry } from './kubeconfig-model.ts';

/**
 * A kubeconfig in JSON (which is YAML too, and what `kubectl config view --raw -o json` and the sandbox write), read without loading a YAML
 * parser. Throws `CredentialsError` with all problems.
 */
export function readJsonKubeconfig(text: string, file: string): KubeconfigModel {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    throw new CredentialsError(`${file} is not valid JSON`, { cause: error });
  }
  return kubeconfigModel(root, file);
}

/** The same from a document that was parsed elsewhere. What is no text where a text belongs counts as absent. */
export function kubeconfigModel(root: unknown, file: string): KubeconfigModel {
  if (!isJsonObject(root)) throw new CredentialsError(`${file} is not a kubeconfig: the whole is no object`);
  const problems: string[] = [];
  const folder = path.dirname(path.resolve(file));
  const absolute = (name: string | undefined): string | undefined => (name === undefined ? undefined : path.resolve(folder, name));
  const model: KubeconfigModel = {
    clusters: entries(root, { list: 'clusters', body: 'cluster' }, problems).map(({ name, body, at }): ClusterEntry => {
      const server = textOf(body, 'server') ?? '';
      if (!/^https?:\/\//.test(server)) problems.push(`${at}.cluster.server must be an http or https URL`);
      return {
        name,
        server: server.replace(/\/+$/, ''),
        caData: textOf(body, 'certificate-authority-data'),
        caFile: absolute(textOf(body, 'certificate-authority')),
        skipTLSVerify: body['insecure-skip-tls-verify'] === true,
        tlsServerName: textOf(body, 'tls-server-name'),
        proxyUrl: textOf(body, 'proxy-url'),
      };
    }),
    users: entries(root, { list: 'users', body: 'user' }, problems).map(
      ({ name, body }): UserEntry => ({
        name,
        token: textOf(body, 'token')?.trim(),
        tokenFile: absolute(textOf(body, 'tokenFile')),
        certData: textOf(body, 'client-certificate-data'),
        certFile: absolute(textOf(body, 'client-certificate')),
        keyData: textOf(body, 'client-key-data'),
        keyFile: absolute(textOf(body, 'client-key')),
        username: textOf(body, 'username'),
        password: textOf(body, 'password'),
        impersonateUser: textOf(body, 'as'),
        exec: isJsonObject(body.exec) ? { ...body.exec, command: commandFrom(folder, body.exec.command) } : (body.exec ?? undefined),
        authProvider: body['auth-provider'] ?? undefined,
      }),
    ),
    contexts: entries(root, { list: 'contexts', body: 'context' }, problems).map(({ name, body, at }): ContextEntry => {
      const cluster = textOf(body, 'cluster');
      if (cluster === undefined) problems.push(`${at}.context.cluster is missing`);
      return { name, cluster: cluster ?? '', user: textOf(body, 'user'), namespace: textOf(body, 'namespace') };
    }),
    currentContext: textOf(root, 'current-context'),
  };
  if (problems.length > 0) throw new CredentialsError(`${file} is not a valid kubeconfig: ${problems.join('; ')}`);
  return model;
}

/** As client-go: one without a slash is looked for on the PATH, any other is relative to the kubeconfig. */
function commandFrom(folder: string, command: Json | undefined): Json | undefined {
  return typeof command === 'string' && command.includes('/') ? path.resolve(folder, command) : command;
}

interface Found {
  readonly name: string;
  readonly body: JsonObject;
  readonly at: string;
}

function entries(root: JsonObject, names: { readonly list: string; readonly body: string }, problems: string[]): Found[] {
  const list: Json | undefined = root[names.list];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) {
    problems.push(`${names.list} must be a list`);
    return [];
  }
  return list.flatMap((entry: unknown, index) => {
    const at = `${names.list}[${index}]`;
    const name = isJsonObject(entry) ? textOf(entry, 'name') : undefined;
    if (!isJsonObject(entry) || name === undefined) {
      problems.push(`${at}.name is missing`);
      return [];
    }
    const body = entry[names.body];
    return [{ name, at, body: isJsonObject(body) ? body : {} }];
  });
}

function textOf(object: JsonObject, member: string): string | undefined {
  const value = object[member];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
