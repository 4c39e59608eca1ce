import { type JsonNode, memberOf, parseJsonTree, withMember, writeJsonTree } from './internal/json-tree.ts';
import { POLICY_LIMITS, type PolicyProblem } from './policy-document.ts';

export type FormattedPolicy = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: PolicyProblem };

const POLICY_ORDER = ['Version', 'Id', 'Statement'];
const STATEMENT_ORDER = ['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];

/**
 * A policy in its canonical layout: two spaces, members of the document and of its statements in the order of the IAM user guide,
 * those it does not know after them; everything else in the order and form it had. Ends with a line feed. Formatting twice is formatting once.
 */
export function formatPolicy(text: string): FormattedPolicy {
  const tree = parseJsonTree(text, POLICY_LIMITS);
  if (!tree.ok) return { ok: false, problem: tree.fault };
  const list = memberOf(tree.root, 'Statement');
  const root = list === undefined ? tree.root : withMember(tree.root, 'Statement', orderStatements(list));
  return { ok: true, text: `${writeJsonTree(order(root, POLICY_ORDER), 2)}\n` };
}

function orderStatements(list: JsonNode): JsonNode {
  if (list.kind !== 'array') return order(list, STATEMENT_ORDER);
  return { kind: 'array', elements: list.elements.map((statement) => order(statement, STATEMENT_ORDER)) };
}

function order(node: JsonNode, names: readonly string[]): JsonNode {
  if (node.kind !== 'object') return node;
  const known = names.flatMap((name) => node.members.filter((member) => member.name === name));
  return { kind: 'object', members: [...known, ...node.members.filter((member) => !names.includes(member.name))] };
}
