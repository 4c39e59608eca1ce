import { PodroleError } from '../base/errors.ts';
import { parseIssuer } from '../oidc/issuer-url.ts';
import type { ClusterFacts, SetupPorts } from './ports.ts';

/** Where a setup takes place: read from AWS and the cluster, and agreed on before anything is written. */
export interface Site {
  readonly account: string;
  readonly partition: string;
  readonly region: string;
  readonly issuer: string;
  /** The EKS cluster's ARN, else its issuer: what ownership tags name. */
  readonly clusterId: string;
}

export interface SiteQuestion {
  readonly cluster: string;
  readonly region: string | undefined;
  /** EKS is not asked. */
  readonly selfManaged: boolean;
}

/** What was read, before anybody agreed. */
export interface SiteFacts {
  readonly identity: { readonly account: string; readonly arn: string };
  readonly cluster: ClusterFacts | undefined;
  readonly issuer: string;
}

/** The issuer of an EKS cluster, which names its region. */
const EKS_ISSUER = /^https:\/\/oidc\.eks\.([a-z0-9-]+)\./;
const READY: readonly string[] = ['ACTIVE', 'UPDATING'];
/** Names that only the cluster itself or its own network resolves. */
const NOT_PUBLIC = /^(?:localhost|[^.]+)$|\.(?:svc|cluster\.local|local|internal|localhost)$/i;

/**
 * Reads account, region, cluster and issuer at once and makes them agree. Rejects before anything is written, naming both values and the
 * command that mends it: `region-missing`, `cluster-not-found` (wrong name or region), `cluster-not-ready`, `region-mismatch`,
 * `account-mismatch`, `partition-mismatch`, `issuer-mismatch` (the kube context is another cluster), `issuer-unusable`.
 */
export async function gatherSite(ports: SetupPorts, question: SiteQuestion, signal?: AbortSignal): Promise<Site> {
  const region = regionOrThrow(question.region);
  const [identity, cluster, issuer] = await Promise.all([
    ports.aws.identity(signal),
    question.selfManaged ? undefined : ports.aws.cluster(question.cluster, signal),
    ports.kube.issuer(signal),
  ]);
  return agreeSite({ ...question, region }, { identity, cluster, issuer });
}

/** The region, or `region-missing`. */
export function regionOrThrow(region: string | undefined): string {
  if (region !== undefined) return region;
  throw new PodroleError('no region is known: the file names none', {
    code: 'region-missing',
    hint: 'give --region REGION, or set region in the plugin',
  });
}

/** Makes what was read agree with what was asked, or throws as `gatherSite` says. */
export function agreeSite(asked: SiteQuestion & { readonly region: string }, facts: SiteFacts): Site {
  const { region } = asked;
  const { account, arn } = facts.identity;
  const partition = sharedPartition(region, arn);
  checkIssuer(facts.issuer);
  const clusterId = asked.selfManaged ? facts.issuer : agreeCluster(asked, facts);
  return { account, partition, region, issuer: facts.issuer, clusterId };
}

/** The partition of both the region and the caller, or `partition-mismatch`. */
export function sharedPartition(region: string, callerArn: string): string {
  const partition = partOf(callerArn, 1);
  if (partition === partitionOf(region)) return partition;
  throw mismatch(
    'partition-mismatch',
    `region ${region} is in partition ${partitionOf(region)}, the credentials (${callerArn}) are of partition ${partition}`,
    `use credentials of ${partitionOf(region)}, or another --region`,
  );
}

function agreeCluster(asked: SiteQuestion & { readonly region: string }, { identity, cluster, issuer }: SiteFacts): string {
  const { region, cluster: name } = asked;
  const contextRegion = EKS_ISSUER.exec(issuer)?.[1];
  if (cluster === undefined) {
    // The most frequent mistake with kfctl: the file's region was not the one it asked.
    if (contextRegion !== undefined && contextRegion !== region)
      throw mismatch(
        'region-mismatch',
        `cluster ${name} is not in region ${region}: the kube context is a cluster of region ${contextRegion}`,
        `give --region ${contextRegion}, or set region: ${contextRegion} in the file`,
      );
    throw mismatch(
      'cluster-not-found',
      `cluster ${name} is not in account ${identity.account}, region ${region}`,
      `give the cluster's own name by --cluster (\`aws eks list-clusters --region ${region}\`), or --self-managed if it is not an EKS cluster`,
    );
  }
  const clusterRegion = partOf(cluster.arn, 3);
  const clusterAccount = partOf(cluster.arn, 4);
  if (clusterRegion !== region)
    throw mismatch(
      'region-mismatch',
      `cluster ${name} is in region ${clusterRegion}, asked for was region ${region}`,
      `give --region ${clusterRegion}, or set region: ${clusterRegion} in the file`,
    );
  if (clusterAccount !== identity.account)
    throw mismatch(
      'account-mismatch',
      `cluster ${name} is in account ${clusterAccount}, the credentials are of account ${identity.account}`,
      `use credentials of account ${clusterAccount}`,
    );
  if (!READY.includes(cluster.status) || cluster.issuer === undefined)
    throw mismatch(
      'cluster-not-ready',
      `cluster ${name} is ${cluster.status === '' ? 'in an unknown state' : cluster.status}${cluster.issuer === undefined ? ' and has no OIDC issuer' : ''}`,
      `wait: \`aws eks wait cluster-active --name ${name} --region ${region}\``,
    );
  if (cluster.issuer !== issuer)
    throw mismatch(
      'issuer-mismatch',
      `the kube context is not cluster ${name}: it issues tokens as ${issuer}, the cluster as ${cluster.issuer}`,
      `give --context of cluster ${name}, or \`aws eks update-kubeconfig --name ${name} --region ${region}\``,
    );
  return cluster.arn;
}

/** Why AWS could not register the issuer, or fetch its keys; nothing where it can. */
export function issuerProblem(issuer: string): string | undefined {
  const read = parseIssuer(issuer);
  if (!read.ok) return read.problems.map(({ message }) => message).join('; ');
  return NOT_PUBLIC.test(read.url.host) ? 'its host is known inside the cluster only, and AWS fetches the keys from outside' : undefined;
}

/** AWS must be able to register the issuer and to fetch its keys: else `issuer-unusable`. */
export function checkIssuer(issuer: string): void {
  const problem = issuerProblem(issuer);
  if (problem !== undefined)
    throw mismatch(
      'issuer-unusable',
      `AWS cannot use the cluster's issuer ${issuer}: ${problem}`,
      'give the API server a public --service-account-issuer, and publish its discovery document and keys there',
    );
}

function mismatch(code: string, message: string, hint: string): PodroleError {
  return new PodroleError(message, { code, hint });
}

/** `arn:aws-cn:eks:cn-north-1:1112…`: part 1 is the partition, 3 the region, 4 the account. */
function partOf(arn: string, index: number): string {
  return arn.split(':')[index] ?? '';
}

/** Which partition a region is in. Source: AWS regions by partition. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  if (region.startsWith('us-iso-')) return 'aws-iso';
  if (region.startsWith('us-isob-')) return 'aws-iso-b';
  return region.startsWith('eusc-') ? 'aws-eusc' : 'aws';
}
