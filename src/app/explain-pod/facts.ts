import { messageOf } from '../../base/errors.ts';
import { annotationKeys } from '../../identity/annotations.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { resources } from '../../kube/core/resource.ts';
import { MAPPING_CONFIG_MAP } from '../../webhook/mapping.ts';
import type { RegistrationFacts } from '../../webhook/report-pod.ts';

export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

/** Where the objects that decide about a pod are looked up. */
export interface Facts {
  serviceAccount(account: AccountName): Promise<KubeObject | undefined>;
  mappingConfigMap(namespace: string): Promise<KubeObject | undefined>;
  registration(namespace: string): Promise<RegistrationFacts>;
  /** Names of the accounts of a namespace that have a role annotation; none where they may not be listed. */
  accountsWithRoles(namespace: string, prefix: string): Promise<readonly string[]>;
}

/** The objects of files; namespaces that they do not name are `defaultNamespace`. Nothing else exists. */
export function factsOfFiles(objects: readonly KubeObject[], defaultNamespace: string): Facts {
  const ofKind = (kind: string): readonly KubeObject[] => objects.filter((object) => object.kind === kind);
  const find = (kind: string, { namespace, name }: AccountName): KubeObject | undefined =>
    ofKind(kind).find(({ metadata }) => metadata.name === name && (metadata.namespace ?? defaultNamespace) === namespace);
  const configurations = ofKind('MutatingWebhookConfiguration');
  return {
    serviceAccount: async (account) => find('ServiceAccount', account),
    // The one of a file is meant, wherever the webhook runs.
    mappingConfigMap: async () => ofKind('ConfigMap').find(({ metadata }) => metadata.name === MAPPING_CONFIG_MAP),
    registration: async (namespace) => {
      if (configurations.length === 0) return { kind: 'not-asked' };
      const labels = ofKind('Namespace').find(({ metadata }) => metadata.name === namespace)?.metadata.labels ?? {};
      return { kind: 'read', configurations, namespaceLabels: { 'kubernetes.io/metadata.name': namespace, ...labels } };
    },
    accountsWithRoles: async (namespace, prefix) =>
      withRoles(
        ofKind('ServiceAccount').filter(({ metadata }) => (metadata.namespace ?? defaultNamespace) === namespace),
        prefix,
      ),
  };
}

/** What a cluster has; each thing is read once. Rejects as the client does, but for what is only nice to know. */
export function factsOfCluster(client: KubeClient, signal: AbortSignal): Facts {
  const remembered = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = remembered.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const started = read();
    remembered.set(key, started);
    return started;
  };
  const configurations = (): Promise<readonly KubeObject[]> =>
    once('configurations', async () => (await client.list(resources.mutatingWebhookConfigurations, {}, signal)).items);
  const namespaceOf = (name: string): Promise<KubeObject | undefined> =>
    once(`namespace ${name}`, () => client.find(resources.namespaces, { name }, signal));
  return {
    serviceAccount: (account) =>
      once(`account ${account.namespace}/${account.name}`, () => client.find(resources.serviceAccounts, account, signal)),
    mappingConfigMap: (namespace) =>
      once(`mapping ${namespace}`, () => client.find(resources.configMaps, { namespace, name: MAPPING_CONFIG_MAP }, signal)),
    registration: async (namespace) => {
      try {
        const [all, own] = await Promise.all([configurations(), namespaceOf(namespace)]);
        return { kind: 'read', configurations: all, namespaceLabels: own?.metadata.labels ?? {} };
      } catch (error) {
        if (!(error instanceof KubeApiError)) throw error;
        return { kind: 'unread', because: messageOf(error) };
      }
    },
    accountsWithRoles: (namespace, prefix) =>
      once(`accounts ${namespace}`, async () => {
        try {
          return withRoles((await client.list(resources.serviceAccounts, { namespace }, signal)).items, prefix);
        } catch (error) {
          if (!(error instanceof KubeApiError)) throw error;
          return [];
        }
      }),
  };
}

/** What the first has, and for the rest what the second has. */
export function firstOf(files: Facts, cluster: Facts): Facts {
  return {
    serviceAccount: async (account) => (await files.serviceAccount(account)) ?? cluster.serviceAccount(account),
    mappingConfigMap: async (namespace) => (await files.mappingConfigMap(namespace)) ?? cluster.mappingConfigMap(namespace),
    registration: async (namespace) => {
      const known = await files.registration(namespace);
      return known.kind === 'read' ? known : cluster.registration(namespace);
    },
    accountsWithRoles: async (namespace, prefix) => [
      ...new Set([...(await files.accountsWithRoles(namespace, prefix)), ...(await cluster.accountsWithRoles(namespace, prefix))]),
    ],
  };
}

function withRoles(accounts: readonly KubeObject[], prefix: string): readonly string[] {
  const { roleArn } = annotationKeys(prefix);
  return accounts.flatMap(({ metadata }) => (metadata.annotations?.[roleArn] && metadata.name !== undefined ? [metadata.name] : []));
}
