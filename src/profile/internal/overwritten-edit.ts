import { isJsonObject, type Json } from '../../base/json.ts';

/** One write of ours: the document that it was planned from, and the one that it put there. */
export interface TrustWrite {
  readonly base: string;
  readonly document: string;
}

/** What somebody else did to a trust policy after our last look and ahead of our write, as statements in IAM's own text. */
export interface ForeignEdit {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

const LONGEST_STATEMENT = 300;

function statementsOf(document: string): ReadonlySet<string> {
  let parsed: Json;
  try {
    parsed = JSON.parse(document) as Json;
  } catch {
    return new Set();
  }
  const statements = isJsonObject(parsed) ? parsed.Statement : undefined;
  const list: readonly Json[] = Array.isArray(statements) ? statements : statements === undefined ? [] : [statements];
  return new Set(list.map((statement) => JSON.stringify(statement)));
}

/**
 * What a read that was under way beside a write shows of somebody else: statements that neither the base nor our document has, and those
 * of the base that our document keeps and the read lacks. `undefined`: nothing.
 */
export function foreignEdit(read: string, write: TrustWrite): ForeignEdit | undefined {
  if (read === write.base || read === write.document) return undefined;
  const [seen, base, ours] = [statementsOf(read), statementsOf(write.base), statementsOf(write.document)];
  const added = [...seen].filter((statement) => !base.has(statement) && !ours.has(statement));
  const removed = [...base].filter((statement) => !seen.has(statement) && ours.has(statement));
  return added.length + removed.length === 0 ? undefined : { added, removed };
}

/** The parts of an edit that a later document does not show, in words: they were overwritten, unless their author took them back. */
export function lostOf(edit: ForeignEdit, current: string): readonly string[] {
  const now = statementsOf(current);
  return [
    ...edit.added.filter((statement) => !now.has(statement)).map((statement) => `statement ${nameOf(statement)} was added`),
    ...edit.removed.filter((statement) => now.has(statement)).map((statement) => `statement ${nameOf(statement)} was taken out`),
  ];
}

/** By its Sid, else by its text, so that whoever reads it can make the edit again. */
function nameOf(statement: string): string {
  const { Sid } = JSON.parse(statement) as { readonly Sid?: Json };
  return typeof Sid === 'string' ? Sid : statement.slice(0, LONGEST_STATEMENT);
}
