import type { DesiredState } from './desired-state.ts';
import type { Site } from './site.ts';

/** Which verb is to be permitted; `apply` includes `plan`, `destroy` what it reads. */
export type PermittedVerb = 'plan' | 'apply' | 'status' | 'destroy';

interface Need {
  readonly on: 'cluster' | 'provider' | 'roles' | 'own-roles' | 'every-role' | 'all';
  readonly actions: readonly string[];
}

const PLAN: readonly Need[] = [
  { on: 'cluster', actions: ['eks:DescribeCluster'] },
  { on: 'provider', actions: ['iam:GetOpenIDConnectProvider'] },
  { on: 'roles', actions: ['iam:GetRole'] },
  { on: 'own-roles', actions: ['iam:GetRolePolicy', 'iam:ListRolePolicies'] },
];

/** What each verb calls. `sts:GetCallerIdentity` needs no permission. Creating with tags needs the permission to tag. */
const NEEDS: Readonly<Record<PermittedVerb, readonly Need[]>> = {
  plan: PLAN,
  apply: [
    ...PLAN,
    {
      on: 'provider',
      actions: ['iam:AddClientIDToOpenIDConnectProvider', 'iam:CreateOpenIDConnectProvider', 'iam:TagOpenIDConnectProvider'],
    },
    { on: 'roles', actions: ['iam:CreateRole', 'iam:TagRole'] },
    { on: 'own-roles', actions: ['iam:DeleteRolePolicy', 'iam:PutRolePolicy', 'iam:UpdateAssumeRolePolicy'] },
  ],
  status: [...PLAN, { on: 'roles', actions: ['iam:ListAttachedRolePolicies', 'iam:ListRolePolicies'] }],
  destroy: [
    { on: 'cluster', actions: ['eks:DescribeCluster'] },
    { on: 'provider', actions: ['iam:DeleteOpenIDConnectProvider', 'iam:GetOpenIDConnectProvider'] },
    {
      on: 'every-role',
      actions: [
        'iam:DeleteRole',
        'iam:DeleteRolePolicy',
        'iam:DetachRolePolicy',
        'iam:GetRole',
        'iam:ListAttachedRolePolicies',
        'iam:ListRolePolicies',
      ],
    },
    { on: 'all', actions: ['iam:ListRoles'] },
  ],
};

export interface PermissionsInput {
  readonly site: Pick<Site, 'partition' | 'account'>;
  /** ARN of the EKS cluster; absent for a self-managed one. */
  readonly clusterArn: string | undefined;
  readonly desired: DesiredState;
  /** Names that the roles of this cluster may have under other options. */
  readonly everyRoleName: readonly string[];
  readonly verbs: readonly PermittedVerb[];
}

/**
 * The least IAM policy that the caller of setup needs, as JSON text: the exact actions on the exact objects. It cannot edit the trust of
 * the users' role, which is the Profile controller's. Account and issuer may be `*`.
 */
export function permissionsPolicy(input: PermissionsInput): string {
  const actionsOn = new Map<Need['on'], Set<string>>();
  for (const need of input.verbs.flatMap((verb) => NEEDS[verb])) {
    const actions = actionsOn.get(need.on) ?? new Set();
    for (const action of need.actions) actions.add(action);
    actionsOn.set(need.on, actions);
  }
  const statements = [...actionsOn].flatMap(([on, actions]) => {
    const resources = resourcesOf(on, input);
    if (resources.length === 0) return [];
    return [{ Sid: SIDS[on], Effect: 'Allow', Action: [...actions].sort(), Resource: resources.length === 1 ? resources[0] : resources }];
  });
  return JSON.stringify({ Version: '2012-10-17', Statement: statements }, null, 2);
}

const SIDS: Readonly<Record<Need['on'], string>> = {
  cluster: 'Cluster',
  provider: 'Provider',
  roles: 'Roles',
  'own-roles': 'ControlPlaneRoles',
  'every-role': 'EveryRoleOfTheCluster',
  all: 'RolesThatUseTheProvider',
};

function resourcesOf(on: Need['on'], input: PermissionsInput): readonly string[] {
  const { desired, site, clusterArn } = input;
  const roleArn = (name: string): string => `arn:${site.partition}:iam::${site.account}:role/${name}`;
  switch (on) {
    case 'cluster':
      return clusterArn === undefined ? [] : [clusterArn];
    case 'provider':
      return [desired.provider.arn];
    case 'roles':
      return [...desired.roles.map(({ arn }) => arn), ...desired.historicalNames.map(roleArn)];
    case 'own-roles':
      return desired.roles.filter(({ trustOwner }) => trustOwner === 'setup').map(({ arn }) => arn);
    case 'every-role':
      return input.everyRoleName.map(roleArn);
    case 'all':
      return ['*'];
  }
}
