import { lintTrust, type TrustFinding } from '../iam/lint-trust.ts';
import type { PlanItem } from './action.ts';
import type { DesiredState } from './desired-state.ts';
import { type Facts, type Found, found } from './gather.ts';
import { differingPaths } from './internal/json-difference.ts';
import { makerInWords, makerOf } from './ownership.ts';
import type { Plan } from './plan.ts';
import type { SetupPorts } from './ports.ts';

/** How one object stands against the file. `foreign`: there, and somebody else's. */
export interface StatusItem {
  readonly object: string;
  readonly state: 'ok' | 'missing' | 'drift' | 'foreign';
  readonly reason: string;
  readonly madeBy?: string;
  /** JSON pointers into the document at which it differs from what is wanted. */
  readonly differs?: readonly string[];
}

/** A role's trust policy as it is, whoever wrote it. */
export interface TrustStatus {
  readonly role: string;
  /** Characters as IAM counts them, and how many there may be. */
  readonly size: number;
  readonly quota: number | 'off';
  readonly findings: readonly TrustFinding[];
}

export interface SetupStatus {
  readonly items: readonly StatusItem[];
  readonly trust: readonly TrustStatus[];
  /** Policies that users put on roles: theirs, and no drift. */
  readonly userPolicies: readonly { readonly role: string; readonly policies: readonly string[] }[];
  readonly notes: readonly string[];
  /** Nothing is missing, changed or foreign, and no finding is an error. */
  readonly ok: boolean;
}

/** What status reads beyond the plan's facts. */
export interface StatusFacts {
  readonly inline: Found<readonly string[]>;
  readonly attached: Found<readonly string[]>;
}

/** The policies of the users' roles and the attached ones of all, all at once. */
export async function gatherStatus(ports: SetupPorts, desired: DesiredState, signal?: AbortSignal): Promise<StatusFacts> {
  const { aws } = ports;
  const [inline, attached] = await Promise.all([
    found(
      desired.roles.filter(({ trustOwner }) => trustOwner === 'controller'),
      async ({ name }) => [name, await aws.inlinePolicies(name, signal)],
    ),
    found(desired.roles, async ({ name }) => [name, await aws.attachedPolicies(name, signal)]),
  ]);
  return { inline, attached };
}

export interface StatusInput {
  readonly plan: Plan;
  readonly desired: DesiredState;
  readonly facts: Facts;
  readonly more: StatusFacts;
  readonly quota: number | 'off';
}

const STATE: Readonly<Record<PlanItem['verb'], StatusItem['state']>> = {
  create: 'missing',
  change: 'drift',
  delete: 'drift',
  keep: 'ok',
  conflict: 'foreign',
};

/** Judges what exists by what a plan would do about it; pure. The users' trust policy is reported on and never drift. */
export function setupStatus(input: StatusInput): SetupStatus {
  const { plan, desired, facts, more } = input;
  const items = plan.items.map((item): StatusItem => {
    const madeBy = makerOfItem(item.object, input);
    return {
      object: item.object,
      state: STATE[item.verb],
      reason: item.fix === undefined ? item.reason : `${item.reason}: ${item.fix}`,
      ...(madeBy === undefined ? {} : { madeBy }),
      ...(item.before === undefined || item.after === undefined ? {} : { differs: differingPaths(item.before, item.after) }),
    };
  });
  const trust = Object.values(facts.roles).map(({ name, trustPolicy }): TrustStatus => {
    const { size, quota, findings } = lintTrust(trustPolicy, { quota: input.quota });
    return { role: name, size, quota, findings };
  });
  const userPolicies = desired.roles
    .map(({ name }) => ({ role: name, policies: [...(more.inline[name] ?? []), ...(more.attached[name] ?? [])] }))
    .filter(({ policies }) => policies.length > 0);
  const wrong = trust.some(({ findings }) => findings.some(({ severity }) => severity === 'error'));
  return { items, trust, userPolicies, notes: plan.notes, ok: !wrong && items.every(({ state }) => state === 'ok') };
}

function makerOfItem(object: string, { plan, facts }: StatusInput): string | undefined {
  const [kind, name = ''] = object.split('/');
  const tags = kind === 'provider' ? facts.provider?.tags : kind === 'role' ? facts.roles[name]?.tags : undefined;
  return tags === undefined ? undefined : makerInWords(makerOf(tags, plan.site.clusterId));
}
