import { PodroleError } from '../base/errors.ts';
import { parseProviderArn } from './arn.ts';
import { type JsonNode, jsonTreeOf, memberOf, withMember, writeJsonTree } from './internal/json-tree.ts';
import { groupNode, groupOwn, hasSid, isPlain, joinGroups, type OwnGroup, unique } from './internal/own-group.ts';
import type { Owner, OwnershipFault, OwnStatement } from './internal/own-statement.ts';
import { editWarnings, foreignOpen } from './internal/trust-edit-warnings.ts';
import { readTrustText } from './internal/trust-text.ts';
import { policySize } from './policy-size.ts';
import { parseSubject } from './service-account-subject.ts';
import { closedStatement, trustStatement } from './trust-document.ts';
import type { TrustEditWarningCode } from './trust-edit-warnings.data.ts';

/** What is wanted of one role and one provider. */
export interface TrustEditInput {
  /** The trust policy as IAM holds it, decoded JSON text. */
  readonly document: string;
  readonly providerArn: string;
  /** Sid of our statement: letters and digits. */
  readonly sid: string;
  /** What the tokens of granted subjects carry as `aud`. */
  readonly audience: string;
  /** The provider's client ids. */
  readonly registeredAudiences: readonly string[];
  /** Subjects that shall be admitted, most important first. */
  readonly desired: readonly string[];
  /** Subjects that shall not be; one that is desired as well stays. */
  readonly revoked: readonly string[];
  /** Characters as IAM counts them. */
  readonly quota: number | 'off';
}

/** Why a document is left alone altogether. */
export type TrustEditRefusal = 'invalid-input' | 'unreadable' | OwnershipFault;

/**
 * Why one subject is not granted: another statement lets the whole provider in; the quota is used up; our statement asks for another
 * audience and names subjects that nobody asked us to admit.
 */
export type GrantRefusal = 'role-open' | 'trust-policy-full' | 'audience-conflict';

export type { TrustEditWarningCode } from './trust-edit-warnings.data.ts';

/** One such thing, with the objects it is about. */
export interface TrustEditWarning {
  readonly code: TrustEditWarningCode;
  readonly message: string;
}

export type TrustEdit =
  | { readonly kind: 'refused'; readonly reason: TrustEditRefusal; readonly message: string }
  | {
      readonly kind: 'edited';
      /** JSON text to store; the input itself, letter for letter, when nothing changed. */
      readonly document: string;
      readonly changed: boolean;
      /** Desired subjects that the document names. */
      readonly admitted: readonly string[];
      readonly refused: readonly { readonly subject: string; readonly reason: GrantRefusal }[];
      /** Revoked subjects that the document no longer names. */
      readonly removed: readonly string[];
      /** Subjects in our statements that are neither desired nor revoked. */
      readonly foreign: readonly string[];
      /** Characters as IAM counts them. */
      readonly size: number;
      readonly quota: number | 'off';
      readonly warnings: readonly TrustEditWarning[];
    };

/**
 * Computes a trust policy from three sets: the subjects it names, minus `revoked`, plus `desired`. Pure; nothing is ever incremented.
 * No result adds, or keeps as ours, a web-identity Allow that does not bind the subject; a removal admits nobody new; every statement
 * that is not ours survives as it was. Without a grant or a revocation to make, the document is returned unchanged.
 */
export function editTrust(input: TrustEditInput): TrustEdit {
  const edit = editOnce(input);
  if (edit.kind !== 'edited' || !edit.changed || !edit.refused.some((refusal) => refusal.reason === 'trust-policy-full')) return edit;
  // A statement that lost its last subject was offered to the grants, at the length of its own audiences. Where they did not fit it, it is
  // gone now, and a statement of our own may be shorter.
  const again = editTrust({ ...input, document: edit.document });
  return again.kind === 'edited' && again.changed ? { ...again, removed: unique([...edit.removed, ...again.removed]) } : edit;
}

function editOnce(input: TrustEditInput): TrustEdit {
  const mistake = mistakeIn(input);
  if (mistake !== undefined) return { kind: 'refused', reason: 'invalid-input', message: mistake };
  const read = readTrustText(input.document);
  if (!read.ok) return refused('unreadable', `the trust policy cannot be read at "${read.fault.path}": ${read.fault.message}`);
  const { root, nodes, policy } = read.text;
  const found = read.text.own(ownerOf(input));
  if (!found.ok) return refused(found.reason, OWNERSHIP_MESSAGES[found.reason](input));
  const facts: Facts = {
    input,
    root,
    nodes,
    own: found.own,
    closed: found.closed,
    audiences: unique([input.audience, ...input.registeredAudiences]),
  };
  const blocked =
    foreignOpen(
      policy,
      input,
      found.own.map((own) => own.index),
    ).length > 0;
  return finish(facts, planEdit(facts, blocked));
}

interface Facts {
  readonly input: TrustEditInput;
  readonly root: JsonNode;
  readonly nodes: readonly JsonNode[];
  readonly own: readonly OwnStatement[];
  readonly closed: readonly number[];
  /** What a token of the provider may carry. */
  readonly audiences: readonly string[];
}

interface Plan {
  /** Undefined: no write. */
  readonly document: string | undefined;
  readonly refused: readonly { readonly subject: string; readonly reason: GrantRefusal }[];
}

function planEdit(facts: Facts, blocked: boolean): Plan {
  const { input, own } = facts;
  const desired = unique(input.desired);
  const removed = new Set(input.revoked.filter((subject) => !desired.includes(subject)));
  const named = new Set(
    own.filter((statement) => admits(statement.audiences, input.audience)).flatMap((statement) => statement.subjects ?? []),
  );
  // While our closing Deny stands nobody is admitted, whatever the other statements name.
  const wanted = desired.filter((subject) => facts.closed.length > 0 || !named.has(subject));
  const revokes = own.some((statement) =>
    statement.subjects === undefined ? removed.size > 0 : statement.subjects.some((subject) => removed.has(subject)),
  );
  const withoutGrants = (): string | undefined =>
    revokes ? render(facts, groupOwn(own, { removed, bindTo: undefined }), { grants: false }) : undefined;
  if (wanted.length === 0) return { document: withoutGrants(), refused: [] };
  if (blocked) return { document: withoutGrants(), refused: wanted.map((subject) => ({ subject, reason: 'role-open' })) };
  const groups = groupOwn(own, { removed, bindTo: facts.audiences });
  const target = targetOf(facts, groups, desired);
  if (target === undefined)
    return { document: withoutGrants(), refused: wanted.map((subject) => ({ subject, reason: 'audience-conflict' })) };
  const { accepted, rest } = fill(facts, target, wanted);
  const refusals = rest.map((subject) => ({ subject, reason: 'trust-policy-full' }) as const);
  if (accepted.length === 0) return { document: withoutGrants(), refused: refusals };
  return { document: target.write(accepted), refused: refusals };
}

/** Where granted subjects go, and the document that results. */
interface Target {
  readonly write: (accepted: readonly string[]) => string;
}

function targetOf(facts: Facts, groups: readonly OwnGroup[], desired: readonly string[]): Target | undefined {
  const { input } = facts;
  const isEmpty = (group: OwnGroup): boolean => group.subjects.length === 0 && isPlain(group);
  const empty = groups.find(isEmpty);
  const named = groups.filter((group) => !isEmpty(group));
  const sidHolder = named.find(hasSid);
  const admitting = (group: OwnGroup): boolean => admits(group.audiences, input.audience);
  // Another audience may be asked of a statement only if nobody but those who are to be granted gains by it.
  const usable = (group: OwnGroup): boolean => admitting(group) || group.subjects.every((subject) => desired.includes(subject));
  const plain = named.filter(isPlain);
  const chosen =
    (sidHolder !== undefined && usable(sidHolder) ? sidHolder : undefined) ?? plain.find(admitting) ?? plain.find(usable) ?? empty;
  if (chosen === undefined) {
    if (sidHolder !== undefined) return undefined;
    return { write: (accepted) => render(facts, groups, { grants: true, fresh: accepted }) };
  }
  const others = groups.filter((group) => group !== chosen && group !== empty);
  const joined = empty !== undefined && empty !== chosen && isPlain(chosen) ? joinGroups(chosen, empty) : chosen;
  const bound = joined.audiences ?? facts.audiences;
  const audiences = bound.includes(input.audience) ? bound : [...bound, input.audience];
  return {
    write: (accepted) => {
      const target = { ...joined, audiences, subjects: unique([...joined.subjects, ...accepted]) };
      return render(facts, [...others, target], {
        grants: true,
        adopter: sidHolder === undefined || sidHolder === chosen ? target : sidHolder,
      });
    },
  };
}

function fill(
  facts: Facts,
  target: Target,
  wanted: readonly string[],
): { readonly accepted: readonly string[]; readonly rest: readonly string[] } {
  const { quota } = facts.input;
  if (quota === 'off') return { accepted: wanted, rest: [] };
  const accepted: string[] = [];
  const rest: string[] = [];
  for (const subject of wanted) {
    const fits = policySize(target.write([...accepted, subject])) <= quota;
    (fits ? accepted : rest).push(subject);
  }
  return { accepted, rest };
}

interface RenderOptions {
  readonly grants: boolean;
  /** Subjects of a statement that is yet to be added. */
  readonly fresh?: readonly string[];
  /** The group that gets our Sid; default the one that has it, else the first that can take grants, unless a fresh statement carries it. */
  readonly adopter?: OwnGroup;
}

/** The document with our statements written as `groups`, the Sid added where there is room for it. */
function render(facts: Facts, groups: readonly OwnGroup[], options: RenderOptions): string {
  const { input } = facts;
  const kept = groups.filter((group) => group.subjects.length > 0);
  // A statement for other audiences is left without the Sid: later grants need it on one that can take them.
  const first = options.fresh === undefined ? kept.find((group) => admits(group.audiences, input.audience)) : undefined;
  const adopter = options.adopter ?? kept.find(hasSid) ?? first;
  const write = (sidOf: OwnGroup | undefined): string => writeJsonTree(withStatements(facts, { kept, sidOf, options }));
  const withSid = write(adopter);
  if (adopter === undefined || hasSid(adopter) || input.quota === 'off' || policySize(withSid) <= input.quota) return withSid;
  return write(undefined);
}

interface Writing {
  readonly kept: readonly OwnGroup[];
  readonly sidOf: OwnGroup | undefined;
  readonly options: RenderOptions;
}

function withStatements(facts: Facts, writing: Writing): JsonNode {
  const { input, nodes } = facts;
  const { kept, sidOf, options } = writing;
  const list: JsonNode[] = [];
  for (const [index, node] of nodes.entries()) {
    if (options.grants && facts.closed.includes(index)) continue;
    const group = kept.find((one) => one.members[0]?.index === index);
    if (group !== undefined) list.push(groupNode(group, group === sidOf ? input.sid : undefined));
    else if (!facts.own.some((own) => own.index === index)) list.push(node);
  }
  if (options.fresh !== undefined) {
    list.push(
      jsonTreeOf(trustStatement({ providerArn: input.providerArn, sid: input.sid, audience: input.audience, subjects: options.fresh })),
    );
  }
  if (list.length === 0) list.push(jsonTreeOf(closedStatement(input.providerArn)));
  const [only] = list;
  const wasObject = memberOf(facts.root, 'Statement')?.kind === 'object';
  const value: JsonNode = wasObject && list.length === 1 && only !== undefined ? only : { kind: 'array', elements: list };
  return withMember(facts.root, 'Statement', value);
}

function finish(facts: Facts, plan: Plan): TrustEdit {
  const { input } = facts;
  const document = plan.document ?? input.document;
  const before = new Set(facts.own.flatMap((own) => own.subjects ?? []));
  const after = plan.document === undefined ? before : ownSubjects(plan.document, input);
  const desired = new Set(input.desired);
  const revoked = new Set(input.revoked);
  const refusedSubjects = new Set(plan.refused.map((refusal) => refusal.subject));
  return {
    kind: 'edited',
    document,
    changed: plan.document !== undefined,
    admitted: [...desired].filter((subject) => after.has(subject) && !refusedSubjects.has(subject)),
    refused: plan.refused,
    removed: [...before].filter((subject) => revoked.has(subject) && !after.has(subject)),
    foreign: [...after].filter((subject) => !desired.has(subject) && !revoked.has(subject)),
    size: policySize(document),
    quota: input.quota,
    warnings: editWarnings(document, input),
  };
}

/** Reads the result back; that it can be read, and that nothing of ours is open in what was written, is checked before anybody stores it. */
function ownSubjects(document: string, input: TrustEditInput): ReadonlySet<string> {
  const read = readTrustText(document);
  if (!read.ok) throw broken('cannot be read back');
  const found = read.text.own(ownerOf(input));
  if (!found.ok) throw broken('no longer holds our statement');
  if (document !== input.document && found.own.some((own) => own.subjects === undefined || own.subjects.length === 0))
    throw broken('would hold an open statement');
  return new Set(found.own.flatMap((own) => own.subjects ?? []));
}

function ownerOf({ sid, providerArn }: TrustEditInput): Owner {
  return { sid, providerArn, hostPath: providerArn.slice(providerArn.indexOf('/') + 1) };
}

function broken(what: string): PodroleError {
  return new PodroleError(`the edited trust policy ${what}, this is a defect of podrole and nothing may be written`, {
    code: 'trust-edit-invariant',
  });
}

function admits(audiences: readonly string[] | undefined, audience: string): boolean {
  return audiences === undefined || audiences.includes(audience);
}

const SID = /^[A-Za-z0-9]+$/;

function mistakeIn(input: TrustEditInput): string | undefined {
  const provider = parseProviderArn(input.providerArn);
  const mistakes = provider.ok ? [] : provider.problems.map((problem) => `provider ARN: ${problem.message}`);
  if (!SID.test(input.sid)) mistakes.push(`Sid "${input.sid}" must be letters and digits`);
  if (input.audience === '') mistakes.push('the audience must not be empty');
  for (const subject of input.desired) {
    if (parseSubject(subject) === undefined)
      mistakes.push(`subject "${subject}" must be system:serviceaccount:<DNS label>:<DNS subdomain>`);
  }
  return mistakes.length === 0 ? undefined : mistakes.join('; ');
}

function refused(reason: TrustEditRefusal, message: string): TrustEdit {
  return { kind: 'refused', reason, message };
}

const OWNERSHIP_MESSAGES: Readonly<Record<OwnershipFault, (input: TrustEditInput) => string>> = {
  'sid-on-other-provider': ({ sid, providerArn }) =>
    `statement "${sid}" does not name ${providerArn} and nothing else, give that statement another Sid`,
  'sid-copied': ({ sid }) => `Sid "${sid}" stands on more than one statement, remove the copy or rename it`,
  'own-statement-altered': ({ sid }) =>
    `statement "${sid}" was changed into a form that podrole does not write, restore StringEquals on its subject or rename its Sid`,
};
