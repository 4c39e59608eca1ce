import { providerArnOf } from '../iam/arn.ts';
import { subjectOf } from '../iam/service-account-subject.ts';
import { closedTrustDocument } from '../iam/trust-document.ts';
import type { SetupRequest } from './kf-def.ts';
import { albIngressPolicy, cloudwatchPolicy, type NamedPolicy, profileControllerPolicy } from './policies.ts';

/** Where a setup takes place: read from AWS and the cluster, and agreed on before anything is written. */
export interface Site {
  readonly account: string;
  readonly partition: string;
  readonly region: string;
  readonly issuer: string;
  /** The EKS cluster's ARN, else its issuer: what ownership tags name. */
  readonly clusterId: string;
}

export interface DesiredRole {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  /** Subjects that setup itself lets in. A role without any starts closed. */
  readonly subjects: readonly string[];
  readonly closedTrust: string;
  readonly policies: readonly NamedPolicy[];
}

export interface DesiredServiceAccount {
  readonly namespace: string;
  readonly name: string;
  readonly roleArn: string;
}

/** All that setup wants to exist. */
export interface DesiredState {
  readonly provider: { readonly arn: string; readonly issuer: string; readonly clientIds: readonly string[] };
  readonly admin: DesiredRole;
  readonly user: DesiredRole;
  readonly namespaces: readonly string[];
  readonly serviceAccounts: readonly DesiredServiceAccount[];
  readonly tags: Readonly<Record<string, string>>;
}

/** The audience that EKS and the webhook's default agree on. */
export const AUDIENCE = 'sts.amazonaws.com';

/**
 * The seed's layout: one admin role shared by the control plane's service accounts, one user role that starts with no
 * policy and closed. `made` names the two roles and the version that goes into their tags. `kf-user`'s trust policy belongs to the Profile controller from its creation on.
 */
export function desiredState(
  request: SetupRequest,
  site: Site,
  made: { readonly admin: string; readonly user: string; readonly version: string },
): DesiredState {
  const providerArn = providerArnOf({ partition: site.partition, account: site.account, issuer: site.issuer });
  const roleArn = (name: string): string => `arn:${site.partition}:iam::${site.account}:role/${name}`;
  const accounts = [
    { namespace: request.namespace, name: 'kf-admin' },
    { namespace: request.namespace, name: 'alb-ingress-controller' },
    { namespace: request.namespace, name: 'profiles-controller-service-account' },
    ...(request.enableNodeGroupLog
      ? [
          { namespace: request.namespace, name: 'fluentd' },
          // The DaemonSet really runs there; kfctl trusted the other one only.
          { namespace: 'kube-system', name: 'fluentd' },
        ]
      : []),
  ];
  const closedTrust = closedTrustDocument(providerArn);
  return {
    provider: { arn: providerArn, issuer: site.issuer, clientIds: [AUDIENCE] },
    admin: {
      name: made.admin,
      arn: roleArn(made.admin),
      description: `Kubeflow's control plane on cluster ${request.cluster}`,
      subjects: accounts.map(subjectOf),
      closedTrust,
      policies: [
        albIngressPolicy(),
        profileControllerPolicy({ userRoleArn: roleArn(made.user), ownRoleArn: roleArn(made.admin) }),
        ...(request.enableNodeGroupLog ? [cloudwatchPolicy()] : []),
      ],
    },
    user: {
      name: made.user,
      arn: roleArn(made.user),
      description: `Kubeflow's users on cluster ${request.cluster}: attach what they may do`,
      subjects: [],
      closedTrust,
      policies: [],
    },
    namespaces: [...new Set(accounts.map((account) => account.namespace))],
    serviceAccounts: accounts.map((account) => ({ ...account, roleArn: roleArn(made.admin) })),
    tags: { 'podrole.dev/cluster': site.clusterId, 'podrole.dev/owner': 'setup', 'podrole.dev/version': made.version },
  };
}
