import { editTrust } from '../iam/edit-trust.ts';
import { closedTrustDocument } from '../iam/trust-document.ts';
import { statementSid } from '../identity/statement-id.ts';
import type { PlanItem } from './action.ts';
import { KFCTL_POLICIES } from './components.data.ts';
import { ADOPTED, AUDIENCE, type DesiredRole, OWNER_TAG } from './desired-state.ts';
import { sameJson, trustedProviders } from './internal/policy-json.ts';
import { type Maker, makerInWords, makerOf } from './ownership.ts';
import type { PlanInput } from './plan.ts';
import { SETUP_POLICIES } from './policies.ts';
import type { RoleFacts } from './ports.ts';

/** What becomes of one role, its trust policy and its inline policies. */
interface RolePlan {
  readonly items: readonly PlanItem[];
  readonly notes: readonly string[];
}

/** The users' role is created closed and left alone ever after: its trust is the Profile controller's, its policies are the administrator's. */
export function planRole(role: DesiredRole, input: PlanInput): RolePlan {
  const found = input.facts.roles[role.name];
  if (found === undefined) return planNewRole(role, input);
  const object = `role/${role.name}`;
  const maker = makerOf(found.tags, input.site.clusterId);
  const conflict = ownershipConflict(object, maker, input) ?? issuerConflict(object, { role, found, input });
  if (conflict !== undefined) return { items: [conflict], notes: [] };
  const adoption = adoptionItem(object, { role, maker, input });
  if (role.trustOwner === 'controller') {
    const keep: PlanItem = { verb: 'keep', object, reason: 'its trust policy is the Profile controller’s, its policies are yours' };
    return { items: [adoption ?? keep], notes: foreignNotes(role, found, input) };
  }
  const taken = adoption !== undefined || (maker.kind === 'setup' && maker.adopted);
  const trust = planTrust(role, found, input);
  const self = adoption ?? { verb: 'keep', object, reason: `made by ${makerInWords(maker)}` };
  return { items: [self, ...trust.items, ...policyItems(role, { taken, input })], notes: trust.notes };
}

function planNewRole(role: DesiredRole, input: PlanInput): RolePlan {
  const { arn } = input.desired.provider;
  const edit = edited(role, { document: closedTrustDocument(arn), input });
  const object = `role/${role.name}`;
  if (edit.kind === 'conflict') return { items: [{ verb: 'conflict', object, reason: edit.reason, fix: edit.fix }], notes: [] };
  const action = { kind: 'create-role', role: role.name, trustPolicy: edit.document, description: role.description } as const;
  const reason = role.subjects.length === 0 ? 'missing; created with no policy and closed' : 'missing';
  return {
    items: [{ verb: 'create', object, reason, action, after: edit.document }, ...policyItems(role, { taken: false, input })],
    notes: [],
  };
}

function ownershipConflict(object: string, maker: Maker, { options }: PlanInput): PlanItem | undefined {
  if (maker.kind === 'setup') return undefined;
  const reason = `exists, made by ${makerInWords(maker)}`;
  if (maker.kind === 'podrole') return { verb: 'conflict', object, reason, fix: 'name the roles of this cluster otherwise: --role-names' };
  if (options.adopt) return undefined;
  return { verb: 'conflict', object, reason, fix: '--adopt takes it over, --role-names names this cluster’s roles otherwise' };
}

/** A role that trusts another issuer and not this one was made for another cluster, or for this one before it was built anew. */
function issuerConflict(
  object: string,
  { found, input }: { readonly role: DesiredRole; readonly found: RoleFacts; readonly input: PlanInput },
): PlanItem | undefined {
  const foreign = foreignProviders(found, input);
  if (foreign.length === 0 || input.options.replaceIssuer) return undefined;
  return {
    verb: 'conflict',
    object,
    reason: `trusts ${foreign.map(hostPath).join(', ')} and not this cluster's issuer ${hostPath(input.desired.provider.arn)}: pods here would be refused, and pods there hold it`,
    fix: '--replace-issuer withdraws what it grants to the other issuer; --role-names gives this cluster roles of its own',
  };
}

const hostPath = (providerArn: string): string => providerArn.slice(providerArn.indexOf('/') + 1);

/** The providers that a role trusts, unless it trusts this cluster's too (two clusters may share a role). */
function foreignProviders(found: RoleFacts, { desired }: PlanInput): readonly string[] {
  const trusted = trustedProviders(found.trustPolicy);
  return trusted.includes(desired.provider.arn) ? [] : trusted;
}

function adoptionItem(
  object: string,
  { role, maker, input }: { readonly role: DesiredRole; readonly maker: Maker; readonly input: PlanInput },
): PlanItem | undefined {
  if (maker.kind === 'setup') return undefined;
  const tags = { ...input.desired.tags, [OWNER_TAG]: ADOPTED };
  const left = role.trustOwner === 'controller' ? '; its trust policy and its policies are left as they are' : '';
  const reason = `made by ${makerInWords(maker)}, taken over with your consent${left}; destroy will not delete it`;
  return { verb: 'change', object, reason, action: { kind: 'tag-role', role: role.name, tags } };
}

type Edited =
  | { readonly kind: 'edited'; readonly document: string; readonly notes: readonly string[] }
  | { readonly kind: 'conflict'; readonly reason: string; readonly fix: string };

function edited(role: DesiredRole, { document, input }: { readonly document: string; readonly input: PlanInput }): Edited {
  const { arn } = input.desired.provider;
  const edit = editTrust({
    document,
    providerArn: arn,
    sid: statementSid(arn, input.sha256Hex),
    audience: AUDIENCE,
    registeredAudiences: [...new Set([AUDIENCE, ...(input.facts.provider?.clientIds ?? [])])],
    desired: role.subjects,
    revoked: role.unwanted,
    quota: input.options.trustPolicyQuota,
  });
  const show = `podrole trust lint ${role.name}`;
  if (edit.kind === 'refused') return { kind: 'conflict', reason: edit.message, fix: show };
  if (edit.refused.length > 0) {
    const reasons = edit.refused.map(({ subject, reason }) => `${subject}: ${reason}`).join('; ');
    return { kind: 'conflict', reason: `its trust policy cannot take every subject: ${reasons}`, fix: show };
  }
  const notes = edit.warnings.map(({ message }) => `${role.name}: ${message}`);
  if (edit.foreign.length > 0) notes.push(`${role.name} lets in ${edit.foreign.join(', ')} too, which setup did not ask for and keeps`);
  return { kind: 'edited', document: edit.document, notes };
}

function planTrust(role: DesiredRole, found: RoleFacts, input: PlanInput): RolePlan {
  const object = `trust/${role.name}`;
  const document = foreignProviders(found, input).reduce((text, arn) => withoutProvider(text, arn, input), found.trustPolicy);
  const edit = edited(role, { document, input });
  if (edit.kind === 'conflict') return { items: [{ verb: 'conflict', object, reason: edit.reason, fix: edit.fix }], notes: [] };
  if (edit.document === found.trustPolicy)
    return { items: [{ verb: 'keep', object, reason: `trusts its ${role.subjects.length} service accounts` }], notes: edit.notes };
  const action = { kind: 'update-trust-policy', role: role.name, document: edit.document } as const;
  const left = trustedProviders(edit.document).filter((arn) => foreignProviders(found, input).includes(arn));
  const notes = left.map(
    (arn) =>
      `${role.name} still trusts ${hostPath(arn)}, in a statement that is not setup’s to edit: remove it yourself (podrole trust show ${role.name})`,
  );
  const reason = document === found.trustPolicy ? 'does not name just the service accounts wanted' : 'trusts another issuer';
  return {
    items: [{ verb: 'change', object, reason, action, before: found.trustPolicy, after: edit.document }],
    notes: [...edit.notes, ...notes],
  };
}

/** The document with all that our kind of statement grants to `providerArn` withdrawn. What cannot be read so is left, and told. */
function withoutProvider(document: string, providerArn: string, input: PlanInput): string {
  const edit = (revoked: readonly string[]): ReturnType<typeof editTrust> =>
    editTrust({
      document,
      providerArn,
      sid: statementSid(providerArn, input.sha256Hex),
      audience: AUDIENCE,
      registeredAudiences: [AUDIENCE],
      desired: [],
      revoked,
      quota: 'off',
    });
  const read = edit([]);
  if (read.kind === 'refused' || read.foreign.length === 0) return document;
  const withdrawn = edit(read.foreign);
  return withdrawn.kind === 'edited' ? withdrawn.document : document;
}

function foreignNotes(role: DesiredRole, found: RoleFacts, input: PlanInput): readonly string[] {
  return foreignProviders(found, input).map(
    (arn) =>
      `${role.name} still trusts ${hostPath(arn)}: setup does not write the users' trust policy, so remove that statement yourself (podrole trust show ${role.name})`,
  );
}

function policyItems(role: DesiredRole, { taken, input }: { readonly taken: boolean; readonly input: PlanInput }): readonly PlanItem[] {
  const wanted = role.policies.map((policy): PlanItem => {
    const object = `policy/${role.name}/${policy.name}`;
    const found = input.facts.policies[`${role.name}/${policy.name}`];
    const action = { kind: 'put-inline-policy', role: role.name, policy: policy.name, document: policy.document } as const;
    if (found === undefined) return { verb: 'create', object, reason: 'missing', action, after: policy.document };
    if (sameJson(found, policy.document)) return { verb: 'keep', object, reason: 'as wanted' };
    return { verb: 'change', object, reason: 'differs from this version’s policy', action, before: found, after: policy.document };
  });
  const names = role.policies.map(({ name }) => name);
  const present = input.facts.inlinePolicies[role.name] ?? [];
  const obsolete = present.filter((name) =>
    SETUP_POLICIES.includes(name) ? !names.includes(name) : taken && KFCTL_POLICIES.includes(name),
  );
  return [
    ...wanted,
    ...obsolete.map(
      (policy): PlanItem => ({
        verb: 'delete',
        object: `policy/${role.name}/${policy}`,
        reason: SETUP_POLICIES.includes(policy) ? 'no longer asked for' : 'kfctl’s: what is asked for has a narrower one in its place',
        action: { kind: 'delete-inline-policy', role: role.name, policy },
      }),
    ),
  ];
}
