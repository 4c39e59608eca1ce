import { PodroleError } from '../base/errors.ts';
import { namedProviders } from './internal/policy-json.ts';
import { makerOf } from './ownership.ts';
import type { SetupAws, SetupKube } from './ports.ts';
import { checkIssuer, regionOrThrow, type Site, type SiteQuestion, sharedPartition } from './site.ts';

export interface GoneQuestion extends SiteQuestion {
  /** Absent: the one that the roles left over name. Needed where the cluster was not an EKS cluster. */
  readonly issuer: string | undefined;
  /** Every name that a role of the cluster may have, in a region. */
  readonly roleNames: (region: string) => readonly string[];
}

/**
 * Where a cluster was that has been deleted: what setup made in AWS outlives it. EKS must agree that it is gone, and the issuer comes
 * from the roles that carry setup's mark for just this cluster, so that a wrong name or region finds nothing. Rejects with
 * `region-missing`, `partition-mismatch`, `cluster-exists`, `issuer-unknown` or `issuer-unusable`.
 */
export async function gatherGoneSite(aws: SetupAws, question: GoneQuestion, signal?: AbortSignal): Promise<Site> {
  const region = regionOrThrow(question.region);
  const { cluster: name, selfManaged, issuer: given } = question;
  const [identity, cluster, roles] = await Promise.all([
    aws.identity(signal),
    selfManaged ? undefined : aws.cluster(name, signal),
    Promise.all(question.roleNames(region).map((role) => aws.role(role, signal))),
  ]);
  const { account } = identity;
  const partition = sharedPartition(region, identity.arn);
  if (cluster !== undefined && cluster.status !== 'DELETING')
    throw new PodroleError(`cluster ${name} is not gone: it is ${cluster.status} in region ${region}`, {
      code: 'cluster-exists',
      hint: 'leave --cluster-gone out, so that its Profiles and service accounts are looked at too',
    });
  if (selfManaged && given === undefined)
    throw new PodroleError(`what setup made for cluster ${name} is marked with its issuer, and nobody says which that was`, {
      code: 'issuer-unknown',
      hint: 'give --issuer URL',
    });
  const clusterId = selfManaged && given !== undefined ? given : `arn:${partition}:eks:${region}:${account}:cluster/${name}`;
  const own = roles.filter((role) => role !== undefined).filter(({ tags }) => makerOf(tags, clusterId).kind === 'setup');
  const issuer = given ?? theIssuer(name, [...new Set(own.flatMap(({ trustPolicy }) => namedProviders(trustPolicy)))]);
  checkIssuer(issuer);
  return { account, partition, region, issuer, clusterId };
}

function theIssuer(cluster: string, providerArns: readonly string[]): string {
  const issuers = providerArns.map((arn) => `https://${arn.slice(arn.indexOf('/') + 1)}`);
  const [only] = issuers;
  if (only !== undefined && issuers.length === 1) return only;
  throw new PodroleError(
    only === undefined
      ? `no role that setup made for cluster ${cluster} is left to tell its issuer`
      : `the roles that setup made for cluster ${cluster} name more than one issuer: ${issuers.join(', ')}`,
    {
      code: 'issuer-unknown',
      hint: 'give --issuer URL; `aws iam list-open-id-connect-providers` lists what is registered. Are name, region and account those of the cluster?',
    },
  );
}

/** A cluster of which nothing is left. */
export function goneKube(issuer: string): SetupKube {
  const nothing = async (): Promise<undefined> => undefined;
  return {
    issuer: async () => issuer,
    namespace: nothing,
    serviceAccount: nothing,
    profiles: async () => [],
    createNamespace: nothing,
    applyServiceAccount: nothing,
    releaseServiceAccount: nothing,
    deleteServiceAccount: async () => 'absent',
    deleteProfile: async () => 'absent',
    profileExists: async () => false,
  };
}
