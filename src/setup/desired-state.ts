import { providerArnOf } from '../iam/arn.ts';
import { subjectOf } from '../iam/service-account-subject.ts';
import type { Sha256Hex } from '../identity/role-names.ts';
import { COMPONENTS, type Component, type ComponentSwitches, USER_ACCOUNT } from './components.data.ts';
import type { SetupRequest } from './kf-def.ts';
import type { SetupOptions } from './options.ts';
import { type NamedPolicy, type PolicyValues, policyOf } from './policies.ts';
import { nameRole, ROLE_NAME_PATTERNS } from './role-naming.ts';
import type { Site } from './site.ts';

export interface AccountRef {
  readonly namespace: string;
  readonly name: string;
}

export interface DesiredRole {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  /** Who writes the trust policy after the role's creation. The users' role is the Profile controller's. */
  readonly trustOwner: 'setup' | 'controller';
  /** Subjects that setup itself lets in. A role without any starts closed. */
  readonly subjects: readonly string[];
  /** Subjects that setup lets in under other options, and under these no longer. */
  readonly unwanted: readonly string[];
  readonly policies: readonly NamedPolicy[];
}

export interface DesiredAccount extends AccountRef {
  readonly roleArn: string;
}

/** All that setup wants to exist. */
export interface DesiredState {
  readonly provider: {
    readonly arn: string;
    readonly issuer: string;
    readonly clientIds: readonly string[];
    readonly thumbprints: readonly string[];
  };
  /** The control plane's roles, the users' role last. */
  readonly roles: readonly DesiredRole[];
  readonly namespaces: readonly string[];
  readonly accounts: readonly DesiredAccount[];
  readonly tags: Readonly<Record<string, string>>;
  /** Names that the same roles have in kfctl's other pattern. */
  readonly historicalNames: readonly string[];
}

/** The audience that EKS and the webhook's default agree on. */
export const AUDIENCE = 'sts.amazonaws.com';

/** IAM tags that say whose a role or provider is; set in the call that creates it. */
export const CLUSTER_TAG = 'podrole.dev/cluster';
export const OWNER_TAG = 'podrole.dev/owner';
const VERSION_TAG = 'podrole.dev/version';
/** Owner of what setup made, and of what it took over: the latter is never deleted. */
export const OWNER = 'setup';
export const ADOPTED = 'setup/adopted';

export interface DesiredInput {
  readonly request: SetupRequest;
  readonly options: SetupOptions;
  readonly site: Site;
  /** Goes into the tags. */
  readonly version: string;
  readonly sha256Hex: Sha256Hex;
}

/** What the file and the options ask for, at a site. Pure. */
export function desiredState(input: DesiredInput): DesiredState {
  const { request, options, site } = input;
  const providerArn = providerArnOf({ partition: site.partition, account: site.account, issuer: site.issuer });
  const switches: ComponentSwitches = { ...options, enableNodeGroupLog: request.enableNodeGroupLog };
  const wanted = COMPONENTS.filter((component) => component.wanted(switches));
  const roleOf = namesFor(input);
  const user = roleOf('user');
  const roles = options.layout === 'seed' ? [adminRole(input, wanted)] : wanted.map((component) => componentRole(input, component));
  const accounts = [
    ...wanted.flatMap((component) => {
      const role = roleOf(options.layout === 'seed' ? 'admin' : component.key);
      return accountsOf(component, input).map((account) => ({ ...account, roleArn: role.arn }));
    }),
    ...(options.layout === 'seed' ? [{ namespace: request.namespace, name: USER_ACCOUNT, roleArn: user.arn }] : []),
  ];
  return {
    provider: { arn: providerArn, issuer: site.issuer, clientIds: [AUDIENCE], thumbprints: options.thumbprints },
    roles: [
      ...roles,
      {
        ...user,
        description: `Kubeflow's users on cluster ${request.cluster}: attach what they may do`,
        trustOwner: 'controller',
        subjects: [],
        unwanted: [],
        policies: [],
      },
    ],
    namespaces: [...new Set([request.namespace, ...accounts.map((account) => account.namespace)])],
    accounts,
    tags: { [CLUSTER_TAG]: site.clusterId, [OWNER_TAG]: OWNER, [VERSION_TAG]: input.version },
    historicalNames: options.layout === 'seed' ? historicalNames(input) : [],
  };
}

/** The names of every role that setup may have made for a cluster, whatever the options were, besides the template. */
export function everyRoleName(input: DesiredInput): readonly string[] {
  const roleOf = namesFor(input);
  return ['admin', ...COMPONENTS.filter(({ policy }) => policy !== undefined).map(({ key }) => key), 'user'].map((key) => roleOf(key).name);
}

/** Every service account that setup may have annotated. */
export function everyAccount(request: Pick<SetupRequest, 'namespace'>): readonly AccountRef[] {
  const accounts = [...COMPONENTS.flatMap(({ accounts }) => accounts), { name: USER_ACCOUNT }];
  return accounts.map((account) => ({ namespace: account.namespace ?? request.namespace, name: account.name }));
}

type NamedRole = { readonly name: string; readonly arn: string };

function namesFor({ request, options, site, sha256Hex }: DesiredInput): (role: string) => NamedRole {
  return (role) => {
    const name = nameRole(options.roleNames, { role, cluster: request.cluster, region: site.region }, sha256Hex);
    return { name, arn: `arn:${site.partition}:iam::${site.account}:role/${name}` };
  };
}

function historicalNames({ request, options, site, sha256Hex }: DesiredInput): readonly string[] {
  return Object.values(ROLE_NAME_PATTERNS)
    .filter((template) => template !== options.roleNames)
    .flatMap((template) =>
      ['admin', 'user'].map((role) => nameRole(template, { role, cluster: request.cluster, region: site.region }, sha256Hex)),
    );
}

function accountsOf(component: Component, { request, options }: DesiredInput): readonly AccountRef[] {
  return component.accounts
    .filter(({ only }) => only === undefined || only === options.layout)
    .map(({ namespace, name }) => ({ namespace: namespace ?? request.namespace, name }));
}

/** The seed's layout: all of the control plane holds one role. */
function adminRole(input: DesiredInput, wanted: readonly Component[]): DesiredRole {
  const role = namesFor(input)('admin');
  const subjects = wanted.flatMap((component) => accountsOf(component, input)).map(subjectOf);
  const ever = COMPONENTS.flatMap((component) => accountsOf(component, input)).map(subjectOf);
  return {
    ...role,
    description: `Kubeflow's control plane on cluster ${input.request.cluster}`,
    trustOwner: 'setup',
    subjects,
    unwanted: ever.filter((subject) => !subjects.includes(subject)),
    policies: wanted.flatMap((component) => policiesOf(component, input, role)),
  };
}

function componentRole(input: DesiredInput, component: Component): DesiredRole {
  const role = namesFor(input)(component.key);
  return {
    ...role,
    description: `${component.what[0]?.toUpperCase()}${component.what.slice(1)} on cluster ${input.request.cluster}`,
    trustOwner: 'setup',
    subjects: accountsOf(component, input).map(subjectOf),
    unwanted: [],
    policies: policiesOf(component, input, role),
  };
}

function policiesOf(component: Component, input: DesiredInput, role: NamedRole): readonly NamedPolicy[] {
  if (component.policy === undefined) return [];
  const values: PolicyValues = {
    partition: input.site.partition,
    userRoleArn: namesFor(input)('user').arn,
    ownRoleArn: role.arn,
    bucket: input.options.pipelinesBucket ?? '',
  };
  return [policyOf(component.policy, values)];
}
