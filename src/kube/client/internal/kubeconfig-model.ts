/** One kubeconfig, or several merged, as far as podrole reads it. Paths are absolute. */
export interface KubeconfigModel {
  readonly clusters: readonly ClusterEntry[];
  readonly users: readonly UserEntry[];
  readonly contexts: readonly ContextEntry[];
  readonly currentContext: string | undefined;
}

export interface ClusterEntry {
  readonly name: string;
  readonly server: string;
  readonly caData?: string | undefined;
  readonly caFile?: string | undefined;
  readonly skipTLSVerify: boolean;
  readonly tlsServerName?: string | undefined;
  readonly proxyUrl?: string | undefined;
}

export interface UserEntry {
  readonly name: string;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly certData?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyData?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly impersonateUser?: string | undefined;
  /** Raw: only the library that runs plugins reads these. */
  readonly exec?: unknown;
  readonly authProvider?: unknown;
}

export interface ContextEntry {
  readonly name: string;
  readonly cluster: string;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Several files as one, as kubectl does it: the first that names a cluster, user, context or the current context wins. */
export function mergeKubeconfigs(files: readonly KubeconfigModel[]): KubeconfigModel {
  return {
    clusters: firstOfEach(files.flatMap((file) => file.clusters)),
    users: firstOfEach(files.flatMap((file) => file.users)),
    contexts: firstOfEach(files.flatMap((file) => file.contexts)),
    currentContext: files.find((file) => file.currentContext !== undefined)?.currentContext,
  };
}

function firstOfEach<E extends { readonly name: string }>(entries: readonly E[]): readonly E[] {
  const known = new Map<string, E>();
  for (const entry of entries) if (!known.has(entry.name)) known.set(entry.name, entry);
  return [...known.values()];
}
