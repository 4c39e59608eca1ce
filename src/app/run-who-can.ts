import type { AwsTarget } from '../aws/client-options.ts';
import { createIamProviders } from '../aws/iam-providers.ts';
import { parseRoleArn, providerArnOf } from '../iam/arn.ts';
import type { ServiceAccountName } from '../iam/service-account-subject.ts';
import { type WhoCanAssume, whoCanAssume } from '../iam/who-can-assume.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { resources } from '../kube/core/resource.ts';
import { connectCluster } from './cluster-connection.ts';
import { clusterIssuer } from './run-setup.ts';
import { readRoleTrust, type TrustSource } from './run-trust.ts';

export type { Admitted, Beyond } from '../iam/who-can-assume.ts';

/** Whom a trust policy admits, of one provider. */
export function whoCan(
  policy: string,
  asked: { readonly providerArn: string; readonly audiences: readonly string[]; readonly serviceAccounts: readonly ServiceAccountName[] },
): WhoCanAssume {
  return whoCanAssume(policy, asked);
}

export interface RoleQuestion {
  readonly role: string;
  readonly target: AwsTarget;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A role as a cluster sees it: its trust policy, and the provider of the cluster's own issuer. */
export interface RoleInCluster {
  readonly source: TrustSource;
  readonly issuer: string;
  readonly providerArn: string;
  /** The provider's client ids; `undefined`: it is not registered in the account, so STS refuses every token of the cluster. */
  readonly clientIds: readonly string[] | undefined;
  readonly kube: KubeClient;
}

/** Reads the role and the cluster's issuer. Rejects as `readRoleTrust`, `connectCluster` and `clusterIssuer`. */
export async function readRoleInCluster(question: RoleQuestion, signal?: AbortSignal): Promise<RoleInCluster> {
  const { role, target, kubeconfig, context, env } = question;
  const { client: kube } = await connectCluster({ kubeconfig, context, env, userAgent: 'podrole' });
  const [source, issuer] = await Promise.all([readRoleTrust(role, target, signal), clusterIssuer(kube, signal)]);
  const arn = parseRoleArn(source.from);
  const { partition, account } = arn.ok ? arn.arn : { partition: 'aws', account: '' };
  const providerArn = providerArnOf({ partition, account, issuer });
  const provider = await createIamProviders(target).get(providerArn, signal);
  return { source, issuer, providerArn, clientIds: provider?.clientIds, kube };
}

/** Whether the cluster has that service account. */
export async function serviceAccountExists(kube: KubeClient, account: ServiceAccountName, signal?: AbortSignal): Promise<boolean> {
  return (await kube.find(resources.serviceAccounts, account, signal)) !== undefined;
}
