import { VERSION } from '../../base/version.ts';
import { type DesiredInput, desiredState, everyRoleName } from '../../setup/desired-state.ts';
import { DEFAULT_OPTIONS } from '../../setup/options.ts';
import { type PermittedVerb, permissionsPolicy } from '../../setup/permissions.ts';
import { partitionOf } from '../../setup/site.ts';
import type { Asked } from '../run-setup.ts';
import { sha256Hex } from '../sha256.ts';

export interface PermissionsQuestion {
  /** Absent: any account. */
  readonly account: string | undefined;
  /** Absent: any EKS cluster's issuer of the region, or for a self-managed cluster any issuer. */
  readonly issuer: string | undefined;
  readonly verbs: readonly PermittedVerb[];
}

/** The least policy for a file, without asking AWS or the cluster anything. `undefined`: no region is known. */
export function permissionsFor(asked: Asked, question: PermissionsQuestion): string | undefined {
  const { request, region, options = DEFAULT_OPTIONS } = asked;
  if (region === undefined) return undefined;
  const partition = partitionOf(region);
  const account = question.account ?? '*';
  const clusterArn = options.selfManaged ? undefined : `arn:${partition}:eks:${region}:${account}:cluster/${request.cluster}`;
  const anyIssuer = options.selfManaged ? '*' : `oidc.eks.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}/id/*`;
  const issuer = question.issuer ?? anyIssuer;
  const input: DesiredInput = {
    request,
    options,
    site: { account, partition, region, issuer, clusterId: clusterArn ?? issuer },
    version: VERSION,
    sha256Hex,
  };
  return permissionsPolicy({
    site: { partition, account },
    clusterArn,
    desired: desiredState(input),
    everyRoleName: everyRoleName(input),
    verbs: question.verbs,
  });
}
