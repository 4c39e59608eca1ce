import { PodroleError } from '../../base/errors.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { type Resource, type ResourceTarget, resources } from '../../kube/core/resource.ts';
import { ROLE_ANNOTATION } from '../../setup/gather.ts';
import type { AccountFacts, Deleted, ProfileFacts, SetupKube } from '../../setup/ports.ts';

/** Field manager of all that setup applies. */
export const FIELD_MANAGER = 'podrole-setup';
/** On objects that setup itself created. */
const MADE_LABEL = { key: 'app.kubernetes.io/managed-by', value: FIELD_MANAGER } as const;
/** Up to Kubernetes 1.23 the control plane writes token secrets into every account. */
const OWN_MANAGERS: readonly string[] = [FIELD_MANAGER, 'kube-controller-manager'];
const PLUGIN = 'AwsIamForServiceAccount';
const PAGE = 500;

/** What setup asks of a cluster, over the Kubernetes API. */
export function setupKube(kube: KubeClient): SetupKube {
  const apply = async (target: { readonly namespace: string; readonly name: string }, metadata: object): Promise<void> => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: target.namespace, name: target.name, ...metadata } };
    await kube.apply(resources.serviceAccounts, account, { fieldManager: FIELD_MANAGER, force: true });
  };
  return {
    issuer: (signal) => clusterIssuer(kube, signal),
    namespace: async (name, signal) => {
      const found = await kube.find(resources.namespaces, { name }, signal);
      return found && { made: isMade(found) };
    },
    serviceAccount: async (account, signal) => {
      const found = await kube.find(resources.serviceAccounts, account, signal);
      return found && accountFacts(found);
    },
    profiles: (signal) => profiles(kube, signal),
    createNamespace: async (name, signal) => {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [MADE_LABEL.key]: MADE_LABEL.value } } };
      await kube.apply(resources.namespaces, namespace, { fieldManager: FIELD_MANAGER }, signal);
    },
    applyServiceAccount: ({ roleArn, made, ...target }) =>
      apply(target, {
        annotations: { [ROLE_ANNOTATION]: roleArn },
        ...(made ? { labels: { [MADE_LABEL.key]: MADE_LABEL.value } } : {}),
      }),
    // An apply that names nothing gives up every field that an earlier one named; on an account that has gone it would make one.
    releaseServiceAccount: async (target, signal) => {
      if ((await kube.find(resources.serviceAccounts, target, signal)) !== undefined) await apply(target, {});
    },
    deleteServiceAccount: (target, signal) => deleted(kube, { resource: resources.serviceAccounts, target }, signal),
    deleteProfile: (name, signal) => deleted(kube, { resource: resources.profiles, target: { name } }, signal),
    profileExists: async (name, signal) => (await kube.find(resources.profiles, { name }, signal)) !== undefined,
  };
}

function isMade(object: KubeObject): boolean {
  return object.metadata.labels?.[MADE_LABEL.key] === MADE_LABEL.value;
}

function accountFacts(account: KubeObject): AccountFacts {
  const { annotations, managedFields = [] } = account.metadata;
  const own = managedFields.filter(({ manager, operation }) => manager === FIELD_MANAGER && operation === 'Apply');
  const others = managedFields.map(({ manager = '' }) => manager).filter((manager) => !OWN_MANAGERS.includes(manager));
  return {
    roleArn: annotations?.[ROLE_ANNOTATION],
    made: isMade(account),
    annotated: own.some(({ fieldsV1 }) => JSON.stringify(fieldsV1 ?? {}).includes(`"f:${ROLE_ANNOTATION}"`)),
    otherManagers: [...new Set(others)],
  };
}

interface ProfilePlugin {
  readonly kind?: unknown;
  readonly spec?: Readonly<Record<string, unknown>>;
}

async function profiles(kube: KubeClient, signal?: AbortSignal): Promise<readonly ProfileFacts[]> {
  const found: ProfileFacts[] = [];
  try {
    for (let next: string | undefined = ''; next !== undefined; ) {
      const page: Awaited<ReturnType<KubeClient['list']>> = await kube.list(
        resources.profiles,
        { limit: PAGE, ...(next === '' ? {} : { continue: next }) },
        signal,
      );
      found.push(...page.items.map(profileFacts));
      next = page.metadata.continue || undefined;
    }
  } catch (error) {
    // No Profiles are known to this cluster at all.
    if (!(error instanceof KubeApiError) || error.httpStatus !== 404) throw error;
  }
  return found.filter(({ roleArns }) => roleArns.length > 0);
}

function profileFacts(profile: KubeObject): ProfileFacts {
  const { plugins } = (profile.spec ?? {}) as { readonly plugins?: readonly ProfilePlugin[] };
  const roleArns = (Array.isArray(plugins) ? (plugins as readonly ProfilePlugin[]) : [])
    .filter(({ kind }) => kind === PLUGIN)
    // Kubeflow's controller reads the member whatever its case.
    .flatMap(({ spec = {} }) => Object.entries(spec).filter(([name]) => name.toLowerCase() === 'awsiamrole'))
    .map(([, arn]) => String(arn));
  return { name: profile.metadata.name ?? '', roleArns };
}

async function deleted(
  kube: KubeClient,
  { resource, target }: { readonly resource: Resource; readonly target: ResourceTarget },
  signal?: AbortSignal,
): Promise<Deleted> {
  try {
    await kube.delete(resource, target, {}, signal);
    return 'deleted';
  } catch (error) {
    if (error instanceof KubeApiError && error.httpStatus === 404) return 'absent';
    throw error;
  }
}

/** The issuer by the API server's own discovery document. Rejects with `issuer-unknown`. */
export async function clusterIssuer(kube: KubeClient, signal?: AbortSignal): Promise<string> {
  const document = await kube.raw('GET', '/.well-known/openid-configuration', undefined, signal);
  const issuer = (document as { readonly issuer?: unknown } | null)?.issuer;
  if (typeof issuer === 'string' && issuer !== '') return issuer;
  throw new PodroleError('the API server names no issuer in its discovery document', {
    code: 'issuer-unknown',
    hint: 'start the API server with --service-account-issuer, and let the caller read /.well-known/openid-configuration (system:service-account-issuer-discovery)',
  });
}
