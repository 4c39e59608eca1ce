import type { DesiredState } from './desired-state.ts';
import type { AccountFacts, ProviderFacts, RoleFacts, SetupPorts } from './ports.ts';

/** By name; what does not exist is missing. Plain data, so that a plan can say what it was made from. */
export type Found<T> = Readonly<Record<string, T>>;

/** What exists now of what setup wants. */
export interface Facts {
  readonly provider: ProviderFacts | undefined;
  readonly roles: Found<RoleFacts>;
  /** Names of the inline policies of each role that setup puts policies on. */
  readonly inlinePolicies: Found<readonly string[]>;
  /** Their documents, as far as setup wants them, by `role/policy`. */
  readonly policies: Found<string>;
  readonly namespaces: Found<{ readonly made: boolean }>;
  /** By `namespace/name`. */
  readonly accounts: Found<AccountFacts>;
  /** Roles of kfctl's other naming pattern. */
  readonly historical: readonly string[];
}

/** The annotation that the webhook reads. */
export const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';

/** Reads all that the plan compares, one call per fact and all of them at once. */
export async function gatherFacts(ports: SetupPorts, desired: DesiredState, signal?: AbortSignal): Promise<Facts> {
  const { aws, kube } = ports;
  const own = desired.roles.filter(({ trustOwner }) => trustOwner === 'setup');
  const [provider, roles, inlinePolicies, policies, namespaces, accounts, historical] = await Promise.all([
    aws.provider(desired.provider.arn, signal),
    found(desired.roles, async ({ name }) => [name, await aws.role(name, signal)]),
    found(own, async ({ name }) => [name, await aws.inlinePolicies(name, signal)]),
    found(
      own.flatMap(({ name, policies }) => policies.map((policy) => ({ role: name, policy: policy.name }))),
      async ({ role, policy }) => [`${role}/${policy}`, await aws.inlinePolicy(role, policy, signal)],
    ),
    found(desired.namespaces, async (name) => [name, await kube.namespace(name, signal)]),
    found(desired.accounts, async (account) => [`${account.namespace}/${account.name}`, await kube.serviceAccount(account, signal)]),
    found(desired.historicalNames, async (name) => [name, await aws.role(name, signal)]),
  ]);
  return { provider, roles, inlinePolicies, policies, namespaces, accounts, historical: Object.keys(historical) };
}

/** Looks every item up at once and keeps those that exist, in the order asked. */
export async function found<I, T>(
  items: readonly I[],
  look: (item: I) => Promise<readonly [name: string, fact: T | undefined]>,
): Promise<Found<T>> {
  const entries = await Promise.all(items.map(look));
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, T] => entry[1] !== undefined));
}
