import type { ClusterRecord } from '../store/records.ts';
import type { Call, World } from '../world.ts';
import type { EksOperation } from './eks-api.ts';
import { type EksInput, pageOf, resourceNotFound } from './input.ts';

/** ARN of a cluster, existing or not; in the sandbox's own region unless said otherwise. */
export function clusterArn(world: World, name: string, region = world.region): string {
  return `arn:${world.partition}:eks:${region}:${world.account}:cluster/${name}`;
}

/** The cluster that a path names; `ResourceNotFoundException` when the region that was asked has none. */
export function requireCluster(call: Call, input: EksInput): ClusterRecord {
  const name = input.path.name ?? '';
  const cluster = input.region === call.world.region ? call.world.state.clusters.get(name) : undefined;
  if (cluster === undefined) throw resourceNotFound(`No cluster found for name: ${name}.`);
  return cluster;
}

/** Permission on the cluster that a path names. */
export function clusterPermission(action: string): EksOperation['permission'] {
  return (input, { world }) => {
    const name = input.path.name ?? '';
    const tags = Object.entries(world.state.clusters.get(name)?.tags ?? {}).map(([key, value]) => [`aws:ResourceTag/${key}`, value]);
    return { action: `eks:${action}`, resource: clusterArn(world, name, input.region), context: Object.fromEntries(tags) };
  };
}

/** Times are epoch seconds, as REST-JSON writes them. */
function clusterView(cluster: ClusterRecord): object {
  return {
    name: cluster.name,
    arn: cluster.arn,
    createdAt: cluster.createdAt / 1000,
    version: cluster.version,
    endpoint: cluster.endpoint,
    status: 'ACTIVE',
    certificateAuthority: { data: cluster.certificateAuthority },
    identity: { oidc: { issuer: cluster.issuer } },
    platformVersion: 'eks.1',
    tags: cluster.tags,
  };
}

export const describeCluster: EksOperation = {
  name: 'DescribeCluster',
  permission: clusterPermission('DescribeCluster'),
  run: (input, call) => ({ cluster: clusterView(requireCluster(call, input)) }),
};

export const listClusters: EksOperation = {
  name: 'ListClusters',
  permission: ({ region }, { world }) => ({ action: 'eks:ListClusters', resource: clusterArn(world, '*', region) }),
  run: ({ query, region }, { world }) => {
    const here = region === world.region ? [...world.state.clusters.keys()].sort() : [];
    const { shown, nextToken } = pageOf(here, query);
    return { clusters: shown, nextToken };
  },
};
