import { parsePolicyText } from '../iam/policy-document.ts';
import type { PlanItem } from './action.ts';
import { type AccountRef, type DesiredState, everyAccount } from './desired-state.ts';
import { type Found, found } from './gather.ts';
import { trustedProviders } from './internal/policy-json.ts';
import { makerInWords, makerOf } from './ownership.ts';
import { SETUP_POLICIES } from './policies.ts';
import type { AccountFacts, ProfileFacts, ProviderFacts, RoleFacts, SetupPorts } from './ports.ts';
import type { Site } from './site.ts';

/** What the user allows besides the removal of what setup made. */
export interface DestroyConsent {
  /** Delete the Profiles that name a role, and with them their namespaces. */
  readonly deleteProfiles: boolean;
  /** Take off the roles what users attached. */
  readonly detachPolicies: boolean;
  /** Objects to leave, as the plan names them: `role/NAME`, `provider/HOST`, `serviceaccount/NS/NAME`. */
  readonly retain: readonly string[];
}

/** What there is to take down, and what stands in the way. */
export interface DestroyFacts {
  readonly provider: ProviderFacts | undefined;
  readonly roles: Found<RoleFacts>;
  readonly inlinePolicies: Found<readonly string[]>;
  readonly attachedPolicies: Found<readonly string[]>;
  readonly namespaces: Found<{ readonly made: boolean }>;
  readonly accounts: Found<AccountFacts>;
  readonly profiles: readonly ProfileFacts[];
  /** Names of all roles of the account that trust the provider. */
  readonly trusting: readonly string[];
}

export interface DestroyTarget {
  readonly desired: DesiredState;
  /** Every name that a role of this cluster may have. */
  readonly roleNames: readonly string[];
  /** Where the control plane lives. */
  readonly namespace: string;
}

/** Reads what exists of all that setup may have made for a cluster, whatever its options were, all at once. */
export async function gatherDestroy(ports: SetupPorts, target: DestroyTarget, signal?: AbortSignal): Promise<DestroyFacts> {
  const { aws, kube } = ports;
  const { roleNames, desired } = target;
  const accounts = everyAccount(target);
  const [provider, roles, inlinePolicies, attachedPolicies, namespaces, accountFacts, profiles, all] = await Promise.all([
    aws.provider(desired.provider.arn, signal),
    found(roleNames, async (name) => [name, await aws.role(name, signal)]),
    found(roleNames, async (name) => [name, await aws.inlinePolicies(name, signal)]),
    found(roleNames, async (name) => [name, await aws.attachedPolicies(name, signal)]),
    found([...new Set(accounts.map(({ namespace }) => namespace))], async (name) => [name, await kube.namespace(name, signal)]),
    found(accounts, async (account) => [keyOf(account), await kube.serviceAccount(account, signal)]),
    kube.profiles(signal),
    aws.roles(signal),
  ]);
  const trusting = all.filter(({ trustPolicy }) => mayTrust(trustPolicy, desired.provider.arn)).map(({ name }) => name);
  return { provider, roles, inlinePolicies, attachedPolicies, namespaces, accounts: accountFacts, profiles, trusting };
}

/** What cannot be read but speaks of the provider counts as trusting it. */
function mayTrust(trustPolicy: string, providerArn: string): boolean {
  return trustedProviders(trustPolicy).includes(providerArn) || (!parsePolicyText(trustPolicy).ok && trustPolicy.includes(providerArn));
}

export interface DestroyInput {
  readonly site: Site;
  readonly target: DestroyTarget;
  readonly facts: DestroyFacts;
  readonly consent: DestroyConsent;
}

/**
 * Decides what goes: only what carries setup's mark for this cluster. Profiles that still hold a role, policies that users attached and
 * other users of the provider are conflicts until consented to or retained; what stays is listed as kept. Pure.
 */
export function planDestroy(input: DestroyInput): readonly PlanItem[] {
  const { facts, target } = input;
  const roles = target.roleNames.flatMap((name) => {
    const role = facts.roles[name];
    return role === undefined ? [] : [planRoleRemoval(role, input)];
  });
  const leaving = new Set(roles.filter(({ leaves }) => leaves).map(({ name }) => name));
  const leavingArns = new Set(
    Object.values(facts.roles)
      .filter(({ name }) => leaving.has(name))
      .map(({ arn }) => arn),
  );
  return [
    ...profileItems(input, leavingArns),
    ...Object.entries(facts.accounts).map(([key, account]) => accountItem(key, account, input)),
    ...roles.flatMap(({ items }) => items),
    ...providerItems(input, leaving),
    ...Object.entries(facts.namespaces)
      .filter(([, { made }]) => made)
      .map(
        ([name]): PlanItem => ({
          verb: 'keep',
          object: `namespace/${name}`,
          reason: `made by setup and left, because all in it would go: kubectl delete namespace ${name}`,
        }),
      ),
  ];
}

/** Kinds of objects that can be retained. */
const RETAINABLE = /^(?:role|provider|serviceaccount|namespace)\//;

/** Objects that were to be retained and are none of the plan's that can be: with a slip of the pen, what was to stay would go. */
export function unknownRetained(items: readonly PlanItem[], retain: readonly string[]): readonly string[] {
  return retain.filter((object) => !RETAINABLE.test(object) || !items.some((item) => item.object === object));
}

const keyOf = ({ namespace, name }: AccountRef): string => `${namespace}/${name}`;

function profileItems({ facts, consent }: DestroyInput, leaving: ReadonlySet<string>): readonly PlanItem[] {
  return facts.profiles
    .filter(({ roleArns }) => roleArns.some((arn) => leaving.has(arn)))
    .map(({ name, roleArns }): PlanItem => {
      const object = `profile/${name}`;
      const held = roleArns.filter((arn) => leaving.has(arn)).join(', ');
      if (consent.deleteProfiles)
        return {
          verb: 'delete',
          object,
          reason: 'with its namespace, before its role goes',
          action: { kind: 'delete-profile', profile: name },
        };
      return {
        verb: 'conflict',
        object,
        reason: `still names ${held}`,
        fix: '--delete-profiles deletes it with its namespace first, --retain role/NAME leaves the role',
      };
    });
}

function accountItem(key: string, account: AccountFacts, { consent }: DestroyInput): PlanItem {
  const object = `serviceaccount/${key}`;
  const [namespace = '', name = ''] = key.split('/');
  if (consent.retain.includes(object)) return { verb: 'keep', object, reason: 'retained' };
  if (!account.annotated && !account.made) return { verb: 'keep', object, reason: 'setup applied nothing to it' };
  if (account.made && account.otherManagers.length === 0)
    return { verb: 'delete', object, reason: 'made by setup', action: { kind: 'delete-service-account', namespace, name } };
  const reason = account.made
    ? `also applied by ${account.otherManagers.join(', ')}: only the annotation goes`
    : 'only the annotation is setup’s';
  return { verb: 'change', object, reason, action: { kind: 'release-service-account', namespace, name } };
}

interface RoleRemoval {
  readonly name: string;
  readonly leaves: boolean;
  readonly items: readonly PlanItem[];
}

function planRoleRemoval(role: RoleFacts, { site, target, facts, consent }: DestroyInput): RoleRemoval {
  const { name } = role;
  const object = `role/${name}`;
  const keep = (reason: string): RoleRemoval => ({ name, leaves: false, items: [{ verb: 'keep', object, reason }] });
  const maker = makerOf(role.tags, site.clusterId);
  if (maker.kind !== 'setup' || maker.adopted) return keep(`made by ${makerInWords(maker)}`);
  if (consent.retain.includes(object)) return keep('retained');
  const inline = facts.inlinePolicies[name] ?? [];
  const attached = facts.attachedPolicies[name] ?? [];
  const putBySetup = target.desired.roles.some((wanted) => wanted.name === name && wanted.trustOwner === 'controller')
    ? []
    : SETUP_POLICIES;
  const theirs = [...inline.filter((policy) => !putBySetup.includes(policy)), ...attached];
  if (theirs.length > 0 && !consent.detachPolicies) {
    const conflict: PlanItem = {
      verb: 'conflict',
      object,
      reason: `carries policies that setup did not put there: ${theirs.join(', ')}`,
      fix: `--detach-policies takes them off, --retain ${object} leaves the role`,
    };
    return { name, leaves: true, items: [conflict] };
  }
  return {
    name,
    leaves: true,
    items: [
      ...inline.map(
        (policy): PlanItem => ({
          verb: 'delete',
          object: `policy/${name}/${policy}`,
          reason: putBySetup.includes(policy) ? 'put by setup' : 'put by somebody else, deleted with your consent',
          action: { kind: 'delete-inline-policy', role: name, policy },
        }),
      ),
      ...attached.map(
        (policyArn): PlanItem => ({
          verb: 'delete',
          object: `policy/${name}/${policyArn}`,
          reason: 'attached by somebody else, detached with your consent; the policy itself stays',
          action: { kind: 'detach-policy', role: name, policyArn },
        }),
      ),
      { verb: 'delete', object, reason: 'made by setup', action: { kind: 'delete-role', role: name } },
    ],
  };
}

function providerItems({ site, target, facts, consent }: DestroyInput, leaving: ReadonlySet<string>): readonly PlanItem[] {
  const { provider } = facts;
  if (provider === undefined) return [];
  const object = `provider/${target.desired.provider.issuer.replace(/^https:\/\//, '')}`;
  const maker = makerOf(provider.tags, site.clusterId);
  if (maker.kind !== 'setup') return [{ verb: 'keep', object, reason: `made by ${makerInWords(maker)}` }];
  if (consent.retain.includes(object)) return [{ verb: 'keep', object, reason: 'retained' }];
  const others = facts.trusting.filter((name) => !leaving.has(name));
  if (others.length > 0)
    return [
      {
        verb: 'conflict',
        object,
        reason: `is still trusted by ${others.map((name) => `role/${name}`).join(', ')}, whose pods would lose all access`,
        fix: `--retain ${object} leaves the provider`,
      },
    ];
  return [
    {
      verb: 'delete',
      object,
      reason: 'made by setup, and no other role trusts it',
      action: { kind: 'delete-provider', providerArn: provider.arn },
    },
  ];
}
