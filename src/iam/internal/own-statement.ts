import { LINT_CODES } from '../lint-codes.data.ts';
import { CLOSED_SID } from '../trust-document.ts';
import type { Condition } from './condition.ts';
import { type JsonNode, memberOf } from './json-tree.ts';
import { lintCondition } from './lint-condition.ts';
import { ASSUME_ROLE_WITH_WEB_IDENTITY } from './open-statement.ts';
import type { Policy, Statement } from './read-policy.ts';

/** A statement that we may edit. */
export interface OwnStatement {
  readonly index: number;
  readonly node: JsonNode;
  /** Whether it carries our Sid already. */
  readonly hasSid: boolean;
  /** Whether it is nothing but provider, action, audience and subjects, so that it may be merged with its like. */
  readonly isPlain: boolean;
  /** Subjects named, in order; undefined where none are asked for (open, until a write closes it). */
  readonly subjects: readonly string[] | undefined;
  /** Audiences named; undefined where any registered one passes. */
  readonly audiences: readonly string[] | undefined;
  /** The keys as the statement spells them. */
  readonly subjectKey: string;
  readonly audienceKey: string;
}

export type OwnershipFault = 'sid-on-other-provider' | 'sid-copied' | 'own-statement-altered';

export type Ownership =
  | { readonly ok: true; readonly own: readonly OwnStatement[] /** Index of our closing Deny. */; readonly closed: readonly number[] }
  | { readonly ok: false; readonly reason: OwnershipFault };

export interface Owner {
  readonly sid: string;
  readonly providerArn: string;
  readonly hostPath: string;
}

/**
 * Finds what is ours: the statement with our Sid, and Sid-less statements of exactly the shape that upstream's controller and installer
 * write. A statement with our Sid that is not about our provider, occurs twice, or no longer is what we could have written, is a fault.
 */
export function findOwn(policy: Policy, nodes: readonly JsonNode[], owner: Owner): Ownership {
  const own: OwnStatement[] = [];
  const closed: number[] = [];
  let sids = 0;
  for (const statement of policy.statements) {
    const node = nodes[statement.index];
    if (node === undefined) continue;
    if (statement.sid === owner.sid) {
      sids += 1;
      if (sids > 1) return { ok: false, reason: 'sid-copied' };
      if (!namesOnly(statement, owner.providerArn)) return { ok: false, reason: 'sid-on-other-provider' };
      const read = ownOf(statement, node, { owner, policy });
      if (read === undefined) return { ok: false, reason: 'own-statement-altered' };
      own.push(read);
    } else if (isClosed(statement, owner.providerArn)) {
      closed.push(statement.index);
    } else if (statement.sid === undefined && namesOnly(statement, owner.providerArn)) {
      const read = ownOf(statement, node, { owner, policy });
      if (read?.isPlain === true && (read.subjects !== undefined || read.audiences !== undefined)) own.push(read);
    }
  }
  return { ok: true, own, closed };
}

const OWN_MEMBERS: ReadonlySet<string> = new Set(['Sid', 'Effect', 'Principal', 'Action', 'Condition']);

function hasOnlyOwnMembers(node: JsonNode): boolean {
  return node.kind === 'object' && node.members.every((member) => OWN_MEMBERS.has(member.name));
}

function namesOnly(statement: Statement, providerArn: string): boolean {
  const { principals } = statement;
  const [list, ...more] = principals?.lists ?? [];
  if (principals?.element !== 'Principal' || list?.type !== 'Federated' || more.length > 0) return false;
  return list.values.length === 1 && list.values[0] === providerArn;
}

function isClosed(statement: Statement, providerArn: string): boolean {
  if (statement.sid !== CLOSED_SID || statement.effect !== 'Deny' || statement.conditions.length > 0) return false;
  return namesOnly(statement, providerArn) && isOnlyAction(statement);
}

function isOnlyAction(statement: Statement): boolean {
  const { negated, values } = statement.actions;
  return !negated && values.length === 1 && values[0] === ASSUME_ROLE_WITH_WEB_IDENTITY;
}

function ownOf(statement: Statement, node: JsonNode, around: { readonly owner: Owner; readonly policy: Policy }): OwnStatement | undefined {
  const { owner, policy } = around;
  if (statement.effect !== 'Allow' || statement.actions.negated || !statement.actions.values.includes(ASSUME_ROLE_WITH_WEB_IDENTITY))
    return undefined;
  const keys = { sub: `${owner.hostPath}:sub`.toLowerCase(), aud: `${owner.hostPath}:aud`.toLowerCase() };
  let subject: { readonly key: string; readonly values: readonly string[] } | undefined;
  let audience: typeof subject;
  let extra = false;
  for (const condition of statement.conditions) {
    const { operator, key, values } = condition;
    const name = key.toLowerCase();
    const isSubject = name === keys.sub;
    if (operator.name !== 'StringEquals' || (!isSubject && name !== keys.aud)) {
      if (isSubject || isFaulty(condition, statement, around)) return undefined;
      extra = true;
    } else if (policy.variables && values.some((value) => value.includes('${'))) {
      return undefined;
    } else if (isSubject) {
      if (subject !== undefined) return undefined;
      subject = { key, values };
    } else {
      if (audience !== undefined) return undefined;
      audience = { key, values };
    }
  }
  return {
    index: statement.index,
    node,
    hasSid: statement.sid === owner.sid,
    isPlain: !extra && isOnlyAction(statement) && hasOnlyOwnMembers(node),
    subjects: subject?.values,
    audiences: audience?.values,
    subjectKey: subject?.key ?? `${owner.hostPath}:sub`,
    audienceKey: audience?.key ?? `${owner.hostPath}:aud`,
  };
}

/** Whether a further condition never holds, or holds unasked: not what we would keep as ours. */
function isFaulty(condition: Condition, statement: Statement, around: { readonly owner: Owner; readonly policy: Policy }): boolean {
  const findings = lintCondition(condition, { statement, issuers: [around.owner.hostPath], policy: around.policy });
  return findings.some((finding) => LINT_CODES[finding.code].severity === 'error');
}

/** The statements of a document's tree: an object alone stands for a list of one. */
export function statementNodes(root: JsonNode): readonly JsonNode[] {
  const list = memberOf(root, 'Statement');
  if (list === undefined) return [];
  return list.kind === 'array' ? list.elements : [list];
}
