import type { Sha256Hex } from '../identity/role-names.ts';
import type { PlanItem } from './action.ts';
import type { DesiredAccount, DesiredState } from './desired-state.ts';
import type { Facts } from './gather.ts';
import type { SetupOptions } from './options.ts';
import { makerInWords, makerOf } from './ownership.ts';
import { planRole } from './plan-roles.ts';
import type { AccountFacts, Tags } from './ports.ts';
import type { Site } from './site.ts';

export interface Plan {
  readonly site: Site;
  readonly cluster: string;
  readonly items: readonly PlanItem[];
  readonly tags: Tags;
  /** What a reader should know besides; nothing of it is acted on. */
  readonly notes: readonly string[];
}

export interface PlanInput {
  readonly cluster: string;
  readonly site: Site;
  readonly desired: DesiredState;
  readonly facts: Facts;
  readonly options: SetupOptions;
  readonly sha256Hex: Sha256Hex;
}

/** Decides: pure, from what is wanted and what was read. */
export function planSetup(input: PlanInput): Plan {
  const { desired, facts, site, options } = input;
  const roles = desired.roles.map((role) => planRole(role, input));
  const items = [
    ...providerItems(input),
    ...roles.flatMap((role) => role.items),
    ...desired.namespaces.map(
      (name): PlanItem =>
        facts.namespaces[name] === undefined
          ? { verb: 'create', object: `namespace/${name}`, reason: 'missing', action: { kind: 'create-namespace', namespace: name } }
          : { verb: 'keep', object: `namespace/${name}`, reason: 'exists' },
    ),
    ...desired.accounts.map((account) => accountItem(account, facts.accounts[`${account.namespace}/${account.name}`], options)),
  ];
  const notes = roles.flatMap((role) => role.notes);
  if (facts.historical.length > 0)
    notes.push(
      `${facts.historical.join(' and ')} ${facts.historical.length === 1 ? 'is a role' : 'are roles'} of kfctl's other naming pattern: --role-names ${options.roleNames.includes('{region}') ? 'kfctl-1.0' : 'kfctl-1.1'} --adopt takes them over instead`,
    );
  return { site, cluster: input.cluster, tags: desired.tags, items, notes };
}

function providerItems({ desired, facts, site, options }: PlanInput): readonly PlanItem[] {
  const { arn, issuer, clientIds, thumbprints } = desired.provider;
  const object = `provider/${issuer.replace(/^https:\/\//, '')}`;
  const { provider } = facts;
  if (provider === undefined) {
    const action = { kind: 'create-provider', providerArn: arn, issuer, clientIds, thumbprints } as const;
    return [{ verb: 'create', object, reason: 'the account does not know this issuer', action }];
  }
  const maker = makerOf(provider.tags, site.clusterId);
  const ours = maker.kind === 'setup';
  const missing = clientIds.filter((id) => !provider.clientIds.includes(id));
  if (missing.length === 0) {
    const whose = ours ? '' : `; made by ${makerInWords(maker)}, so destroy will leave it`;
    return [{ verb: 'keep', object, reason: `registered for ${clientIds.join(', ')}${whose}` }];
  }
  if (!ours && !options.adopt)
    return [
      {
        verb: 'conflict',
        object,
        reason: `audience ${missing.join(', ')} is not registered, and the provider was made by ${makerInWords(maker)}`,
        fix: '--adopt consents to adding the audience; the provider stays theirs',
      },
    ];
  return missing.map((clientId) => ({
    verb: 'change',
    object,
    reason: `audience ${clientId} is not registered`,
    action: { kind: 'add-client-id', providerArn: arn, clientId },
  }));
}

function accountItem(account: DesiredAccount, found: AccountFacts | undefined, { adopt }: SetupOptions): PlanItem {
  const { namespace, name, roleArn } = account;
  const object = `serviceaccount/${namespace}/${name}`;
  const action = { kind: 'apply-service-account', namespace, name, roleArn, made: found?.made ?? true } as const;
  if (found === undefined) return { verb: 'create', object, reason: 'missing', action };
  if (found.roleArn === roleArn) return { verb: 'keep', object, reason: `annotated with ${roleArn}` };
  if (found.roleArn === undefined) return { verb: 'change', object, reason: 'has no role annotation', action };
  if (found.annotated || adopt) return { verb: 'change', object, reason: `is annotated with ${found.roleArn}`, action };
  return {
    verb: 'conflict',
    object,
    reason: `is annotated with ${found.roleArn} by ${found.otherManagers.join(', ') || 'somebody else'}`,
    fix: `--adopt consents to annotating it with ${roleArn}`,
  };
}
