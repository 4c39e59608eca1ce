import { isOpen, strangerTo } from './internal/open-statement.ts';
import { readPolicy } from './internal/read-policy.ts';
import { type PolicyProblem, parsePolicyText } from './policy-document.ts';

/** An Allow that lets in every token of a provider. */
export interface OpenStatement {
  /** Place in the document, from 0. */
  readonly index: number;
  /** JSON pointer. */
  readonly path: string;
  readonly sid: string | undefined;
}

export type OpenStatements =
  | { readonly ok: true; readonly open: readonly OpenStatement[] }
  | { readonly ok: false; readonly problem: PolicyProblem };

/**
 * The statements that by themselves let a token of `providerArn` with one of `registeredAudiences` in whoever it belongs to, as the
 * evaluator decides for a subject that the document cannot know. Denies are left out of account: they may go at any time.
 */
export function openStatements(document: string, providerArn: string, registeredAudiences: readonly string[]): OpenStatements {
  const parsed = parsePolicyText(document);
  const read = parsed.ok ? readPolicy(parsed.document, 'trust') : parsed;
  if (!read.ok) return { ok: false, problem: read.problem };
  const probe = { providerArn, audiences: registeredAudiences, stranger: strangerTo(document) };
  const open = read.policy.statements.filter((statement) => isOpen(statement, read.policy, probe));
  return { ok: true, open: open.map(({ index, pointer, sid }) => ({ index, path: pointer, sid })) };
}
