import { editTrust } from '../iam/edit-trust.ts';
import { AUDIENCE, type DesiredRole, type DesiredState, type Site } from './desired-state.ts';
import { type Facts, ROLE_ANNOTATION } from './gather.ts';
import type { RoleFacts } from './ports.ts';

/** One write, as a value: what `apply` executes and `plan` shows. */
export type SetupAction =
  | { readonly kind: 'create-provider'; readonly issuer: string; readonly clientIds: readonly string[] }
  | { readonly kind: 'add-client-id'; readonly providerArn: string; readonly clientId: string }
  | { readonly kind: 'create-role'; readonly role: string; readonly trustPolicy: string; readonly description: string }
  | { readonly kind: 'update-trust-policy'; readonly role: string; readonly document: string }
  | { readonly kind: 'put-inline-policy'; readonly role: string; readonly policy: string; readonly document: string }
  | { readonly kind: 'create-namespace'; readonly namespace: string }
  | {
      readonly kind: 'annotate-service-account';
      readonly namespace: string;
      readonly name: string;
      readonly annotations: Readonly<Record<string, string>>;
    };

/** What becomes of one object. Only `create` and `change` carry an action. */
export interface PlanItem {
  readonly verb: 'create' | 'change' | 'keep' | 'conflict';
  /** `provider/…`, `role/…`, `policy/ROLE/NAME`, `namespace/…`, `serviceaccount/NS/NAME`. */
  readonly object: string;
  readonly reason: string;
  readonly action?: SetupAction;
  /** A document before and after, where one changes. */
  readonly before?: string;
  readonly after?: string;
}

export interface Plan {
  readonly site: Site;
  readonly cluster: string;
  readonly items: readonly PlanItem[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Decides: pure, from what is wanted and what was read. `sid` names our statement for this provider. */
export function planSetup(input: {
  readonly cluster: string;
  readonly site: Site;
  readonly desired: DesiredState;
  readonly facts: Facts;
  readonly sid: string;
  readonly quota: number | 'off';
}): Plan {
  const { desired, facts } = input;
  return {
    site: input.site,
    cluster: input.cluster,
    tags: desired.tags,
    items: [
      ...providerItems(desired, facts),
      ...roleItems(desired.admin, facts.admin, { ...input, providerArn: desired.provider.arn }),
      ...desired.admin.policies.map((policy) => policyItem(desired.admin.name, policy, facts)),
      userRoleItem(desired.user, facts.user),
      ...desired.namespaces.map(
        (name): PlanItem =>
          facts.namespaces.has(name)
            ? { verb: 'keep', object: `namespace/${name}`, reason: 'exists' }
            : { verb: 'create', object: `namespace/${name}`, reason: 'missing', action: { kind: 'create-namespace', namespace: name } },
      ),
      ...desired.serviceAccounts.map((account) => accountItem(account, facts)),
    ],
  };
}

/** Whether anything would be written, and whether something stands in the way. */
export function planSummary(plan: Plan): Readonly<Record<PlanItem['verb'], number>> {
  const count = (verb: PlanItem['verb']): number => plan.items.filter((item) => item.verb === verb).length;
  return { create: count('create'), change: count('change'), keep: count('keep'), conflict: count('conflict') };
}

function providerItems(desired: DesiredState, facts: Facts): readonly PlanItem[] {
  const { arn, issuer, clientIds } = desired.provider;
  const object = `provider/${issuer.replace(/^https:\/\//, '')}`;
  if (facts.provider === undefined) {
    return [
      { verb: 'create', object, reason: 'the account does not know this issuer', action: { kind: 'create-provider', issuer, clientIds } },
    ];
  }
  const missing = clientIds.filter((id) => !facts.provider?.clientIds.includes(id));
  if (missing.length === 0) return [{ verb: 'keep', object, reason: `registered for ${clientIds.join(', ')}` }];
  return missing.map((clientId) => ({
    verb: 'change',
    object,
    reason: `audience ${clientId} is not registered`,
    action: { kind: 'add-client-id', providerArn: arn, clientId },
  }));
}

function roleItems(
  role: DesiredRole,
  found: RoleFacts | undefined,
  input: { readonly sid: string; readonly quota: number | 'off'; readonly providerArn: string },
): readonly PlanItem[] {
  const object = `role/${role.name}`;
  const edit = editTrust({
    document: found?.trustPolicy ?? role.closedTrust,
    providerArn: input.providerArn,
    sid: input.sid,
    audience: AUDIENCE,
    registeredAudiences: [AUDIENCE],
    desired: role.subjects,
    revoked: [],
    quota: input.quota,
  });
  if (edit.kind === 'refused') return [{ verb: 'conflict', object, reason: edit.message }];
  if (edit.refused.length > 0) {
    const reasons = edit.refused.map(({ subject, reason }) => `${subject}: ${reason}`).join('; ');
    return [{ verb: 'conflict', object, reason: `its trust policy cannot take every subject: ${reasons}` }];
  }
  if (found === undefined) {
    const action = { kind: 'create-role', role: role.name, trustPolicy: edit.document, description: role.description } as const;
    return [{ verb: 'create', object, reason: 'missing', action, after: edit.document }];
  }
  if (!edit.changed) return [{ verb: 'keep', object, reason: `trusts its ${role.subjects.length} service accounts` }];
  return [
    {
      verb: 'change',
      object,
      reason: 'its trust policy lacks a service account',
      action: { kind: 'update-trust-policy', role: role.name, document: edit.document },
      before: found.trustPolicy,
      after: edit.document,
    },
  ];
}

/** The user role is created closed and left alone ever after: its trust belongs to the Profile controller, its policies to the administrator. */
function userRoleItem(role: DesiredRole, found: RoleFacts | undefined): PlanItem {
  const object = `role/${role.name}`;
  if (found !== undefined) return { verb: 'keep', object, reason: 'its trust policy is the Profile controller’s, its policies are yours' };
  return {
    verb: 'create',
    object,
    reason: 'missing; created with no policy and closed',
    action: { kind: 'create-role', role: role.name, trustPolicy: role.closedTrust, description: role.description },
    after: role.closedTrust,
  };
}

function policyItem(role: string, policy: { readonly name: string; readonly document: string }, facts: Facts): PlanItem {
  const object = `policy/${role}/${policy.name}`;
  const found = facts.policies.get(policy.name);
  const action = { kind: 'put-inline-policy', role, policy: policy.name, document: policy.document } as const;
  if (found === undefined) return { verb: 'create', object, reason: 'missing', action, after: policy.document };
  if (sameJson(found, policy.document)) return { verb: 'keep', object, reason: 'as wanted' };
  return { verb: 'change', object, reason: 'differs from this version’s policy', action, before: found, after: policy.document };
}

function accountItem(account: DesiredState['serviceAccounts'][number], facts: Facts): PlanItem {
  const { namespace, name, roleArn } = account;
  const object = `serviceaccount/${namespace}/${name}`;
  const found = facts.annotations.get(`${namespace}/${name}`);
  const action = { kind: 'annotate-service-account', namespace, name, annotations: { [ROLE_ANNOTATION]: roleArn } } as const;
  if (found === undefined) return { verb: 'create', object, reason: 'missing', action };
  if (found === roleArn) return { verb: 'keep', object, reason: `annotated with ${roleArn}` };
  return { verb: 'change', object, reason: found === '' ? 'has no role annotation' : `is annotated with ${found}`, action };
}

function sameJson(a: string, b: string): boolean {
  try {
    return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  } catch {
    return false;
  }
}
