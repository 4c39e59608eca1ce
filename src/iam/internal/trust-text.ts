import { POLICY_LIMITS, type PolicyProblem } from '../policy-document.ts';
import { type JsonFault, type JsonNode, parseJsonTree } from './json-tree.ts';
import { findOwn, type Owner, type Ownership, statementNodes } from './own-statement.ts';
import { type Policy, readPolicy } from './read-policy.ts';

/** A trust policy's text, read for editing: its tree, what it means, and whose statements they are. */
export interface TrustText {
  readonly root: JsonNode;
  readonly nodes: readonly JsonNode[];
  readonly policy: Policy;
  own(owner: Owner): Ownership;
}

export type TrustTextResult =
  | { readonly ok: true; readonly text: TrustText }
  | { readonly ok: false; readonly fault: JsonFault | PolicyProblem };

/**
 * A controller looks at the same few documents again and again: what a text says is a function of the text, and is kept for the last few.
 * Long ones are read each time, so that what is kept stays small.
 */
const KEPT = 16;
const KEPT_CHARACTERS = 8_192;
const kept = new Map<string, TrustTextResult>();

/** Reads a trust policy's text; what is returned is shared and never changed. */
export function readTrustText(document: string): TrustTextResult {
  const known = kept.get(document);
  if (known !== undefined) return known;
  const read = readAnew(document);
  if (document.length > KEPT_CHARACTERS) return read;
  const [oldest] = kept.keys();
  if (kept.size >= KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(document, read);
  return read;
}

function readAnew(document: string): TrustTextResult {
  const tree = parseJsonTree(document, POLICY_LIMITS);
  if (!tree.ok) return tree;
  const read = readPolicy(JSON.parse(document), 'trust');
  if (!read.ok) return { ok: false, fault: read.problem };
  const { policy } = read;
  const nodes = statementNodes(tree.root);
  const owners = new Map<string, Ownership>();
  const own = (owner: Owner): Ownership => {
    const key = `${owner.sid} ${owner.providerArn} ${owner.hostPath}`;
    const before = owners.get(key);
    if (before !== undefined) return before;
    const found = findOwn(policy, nodes, owner);
    owners.set(key, found);
    return found;
  };
  return { ok: true, text: { root: tree.root, nodes, policy, own } };
}
