import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';

/** Members of a cluster and of a user that are paths, relative to the kubeconfig's own folder. */
const PATHS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/**
 * A kubeconfig, as JSON, of one context of another kubeconfig: that context is the current one, and only its cluster and user are there.
 * Paths are absolute. The file must be one that was read with that context before.
 */
export async function contextKubeconfig(file: string, context: string): Promise<string> {
  const config: unknown = parse(await readFile(file, 'utf8'));
  const named = (list: 'clusters' | 'users' | 'contexts', name: unknown): JsonObject[] => {
    const entries = isJsonObject(config) ? config[list] : undefined;
    return Array.isArray(entries)
      ? entries
          .filter(isJsonObject)
          .filter((entry) => entry.name === name)
          .slice(0, 1)
      : [];
  };
  const contexts = named('contexts', context);
  const chosen = contexts[0]?.context;
  const { cluster, user } = isJsonObject(chosen) ? chosen : {};
  const folder = dirname(file);
  const copy = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: named('clusters', cluster).map((entry) => ({ ...entry, cluster: absolute(entry.cluster, folder) })),
    users: named('users', user).map((entry) => ({ ...entry, user: absolute(entry.user, folder) })),
    contexts,
  };
  return `${JSON.stringify(copy, null, 2)}\n`;
}

function absolute(entry: Json | undefined, folder: string): Json {
  if (!isJsonObject(entry)) return entry ?? {};
  const { exec } = entry;
  return Object.fromEntries(
    Object.entries(entry).map(([member, value]) => {
      if (typeof value === 'string' && PATHS.includes(member)) return [member, within(folder, value)];
      // A command without a slash is looked for on the PATH.
      if (member === 'exec' && isJsonObject(exec) && typeof exec.command === 'string' && exec.command.includes('/'))
        return [member, { ...exec, command: within(folder, exec.command) }];
      return [member, value];
    }),
  );
}

const within = (folder: string, path: string): string => (path === '' || isAbsolute(path) ? path : join(folder, path));
