import { PodroleError } from '../base/errors.ts';
import type { DesiredState, Site } from './desired-state.ts';
import type { ProviderFacts, RoleFacts, SetupPorts } from './ports.ts';

/** What exists now of what setup wants. */
export interface Facts {
  readonly provider: ProviderFacts | undefined;
  readonly admin: RoleFacts | undefined;
  readonly user: RoleFacts | undefined;
  /** Inline policies of the admin role by name; absent ones are missing. */
  readonly policies: ReadonlyMap<string, string>;
  readonly namespaces: ReadonlySet<string>;
  /** Role annotations of service accounts by `namespace/name`; `''` where the account has none, missing where it does not exist. */
  readonly annotations: ReadonlyMap<string, string>;
}

/** `arn:aws-cn:…` → `aws-cn`. */
const partitionOf = (arn: string): string => arn.split(':')[1] || 'aws';

/**
 * Reads account, partition, region, cluster and issuer, and agrees them. Rejects with `cluster-not-found` (wrong name or region),
 * `issuer-mismatch` (the kube context is another cluster), `region-missing`.
 */
export async function gatherSite(
  ports: SetupPorts,
  asked: { readonly cluster: string; readonly region: string | undefined },
  signal?: AbortSignal,
): Promise<Site> {
  const { region } = asked;
  if (region === undefined) {
    throw new PodroleError('no region is known: the file names none', {
      code: 'region-missing',
      hint: 'give --region REGION, or set region in the plugin',
    });
  }
  const [identity, cluster, kubeIssuer] = await Promise.all([
    ports.aws.identity(signal),
    ports.aws.cluster(asked.cluster, signal),
    ports.kube.issuer(signal),
  ]);
  if (cluster === undefined) {
    throw new PodroleError(`cluster ${asked.cluster} is not in account ${identity.account}, region ${region}`, {
      code: 'cluster-not-found',
      hint: 'check the name (--cluster) and the region of the file; `aws eks list-clusters --region REGION` lists what is there',
    });
  }
  if (cluster.issuer !== undefined && cluster.issuer !== kubeIssuer) {
    throw new PodroleError(
      `the kube context is not cluster ${asked.cluster}: it issues tokens as ${kubeIssuer}, the cluster as ${cluster.issuer}`,
      {
        code: 'issuer-mismatch',
        hint: `give --context of cluster ${asked.cluster}, or \`aws eks update-kubeconfig --name ${asked.cluster} --region ${region}\``,
      },
    );
  }
  return { account: identity.account, partition: partitionOf(identity.arn), region, issuer: kubeIssuer, clusterId: cluster.arn };
}

/** Reads all that the plan compares, independent calls at once. */
export async function gatherFacts(ports: SetupPorts, desired: DesiredState, signal?: AbortSignal): Promise<Facts> {
  const { aws, kube } = ports;
  const [provider, admin, user, policies, namespaces, annotations] = await Promise.all([
    aws.provider(desired.provider.arn, signal),
    aws.role(desired.admin.name, signal),
    aws.role(desired.user.name, signal),
    Promise.all(desired.admin.policies.map(async ({ name }) => [name, await aws.inlinePolicy(desired.admin.name, name, signal)] as const)),
    Promise.all(desired.namespaces.map(async (name) => [name, await kube.namespaceExists(name, signal)] as const)),
    Promise.all(
      desired.serviceAccounts.map(async (account) => {
        const found = await kube.serviceAccount(account, signal);
        const annotation = found && (found.metadata.annotations?.[ROLE_ANNOTATION] ?? '');
        return [`${account.namespace}/${account.name}`, annotation] as const;
      }),
    ),
  ]);
  return {
    provider,
    admin,
    user,
    policies: present(policies),
    namespaces: new Set(namespaces.filter(([, exists]) => exists).map(([name]) => name)),
    annotations: present(annotations),
  };
}

/** The annotation that the webhook reads. */
export const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';

function present(entries: readonly (readonly [string, string | undefined])[]): ReadonlyMap<string, string> {
  return new Map(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}
