import type { LintCode } from '../lint-codes.data.ts';
import { parseSubject } from '../service-account-subject.ts';
import type { Condition } from './condition.ts';
import { explainAbsentKey } from './explain-value.ts';
import { hasWildcard } from './glob.ts';
import { pointerOf } from './json-tree.ts';
import type { Policy, Statement } from './read-policy.ts';
import { isSharedIssuer } from './shared-issuer.ts';

/** A finding without what the table of codes knows. */
export interface ConditionFinding {
  readonly code: LintCode;
  readonly path: string;
  readonly message: string;
}

export interface LintedStatement {
  readonly statement: Statement;
  /** Issuers that the statement trusts, without scheme. */
  readonly issuers: readonly string[];
  readonly policy: Policy;
}

/** What is wrong with one operator over one key of a statement that trusts OIDC providers. */
export function lintCondition(condition: Condition, around: LintedStatement): readonly ConditionFinding[] {
  const { operator, key, values } = condition;
  const { statement, policy } = around;
  const path = `${statement.pointer}/Condition${pointerOf([operator.name, key])}`;
  const found: ConditionFinding[] = [];
  const add = (code: LintCode, message: string): number => found.push({ code, path, message });
  const keyFault = lintKey(key, around.issuers);
  if (keyFault !== undefined) add(keyFault, `${key} is never present in a token of ${around.issuers.join(', ')}`);
  if (values.length === 0) add('no-values', `${operator.name} on ${key} lists no value`);
  if (operator.quantifier === 'all' && !operator.negated && !isGuarded(condition, statement)) {
    add('for-all-values-unguarded', `${operator.name} holds when ${key} is absent`);
  }
  if (operator.quantifier === 'one' && operator.family !== 'null' && key.toLowerCase().endsWith(':amr')) {
    add('scalar-on-list', `${key} holds a list, which ${operator.name} never matches`);
  }
  if (!policy.variables && operator.variables && values.some((value) => value.includes('${'))) {
    add('variable-in-old-version', `a policy variable under ${operator.name} on ${key} is plain text in this version`);
  }
  if (operator.family === 'string' && isSubjectKey(key, around.issuers)) found.push(...lintSubjects(condition, path, around));
  return found;
}

function lintKey(key: string, issuers: readonly string[]): Extract<LintCode, `key-${string}`> | undefined {
  const name = key.toLowerCase();
  if (!/[./].*:[^:]+$/.test(name) && !name.startsWith('http')) return undefined;
  if (name.startsWith('aws:') || name.startsWith('sts:')) return undefined;
  const reasons = issuers.map((issuer) =>
    isSharedIssuer(issuer) && name.startsWith(`${issuer.toLowerCase()}:`) ? 'key-absent' : explainAbsentKey(key, issuer),
  );
  if (reasons.includes('key-absent')) return undefined;
  for (const code of ['key-not-published', 'key-has-scheme', 'key-slash', 'key-other-issuer'] as const)
    if (reasons.includes(code)) return code;
  return undefined;
}

function isGuarded(condition: Condition, statement: Statement): boolean {
  const key = condition.key.toLowerCase();
  return statement.conditions.some(
    (other) =>
      other.operator.family === 'null' && other.key.toLowerCase() === key && other.values.every((value) => value.toLowerCase() === 'false'),
  );
}

function isSubjectKey(key: string, issuers: readonly string[]): boolean {
  return issuers.some((issuer) => key.toLowerCase() === `${issuer.toLowerCase()}:sub`);
}

function lintSubjects(condition: Condition, path: string, around: LintedStatement): readonly ConditionFinding[] {
  const isShared = around.issuers.some(isSharedIssuer);
  return condition.values.flatMap((value, index): readonly ConditionFinding[] => {
    const at = `${path}/${index}`;
    if (value.includes('${')) return [];
    if (condition.operator.negated) return [];
    if (condition.operator.wildcards && hasWildcard(value)) return lintPattern(value, at, isShared);
    if (hasWildcard(value))
      return [{ code: 'wildcard-under-equals', path: at, message: `"${value}" is taken literally by ${condition.operator.name}` }];
    if (isShared || parseSubject(condition.operator.base.endsWith('IgnoreCase') ? value.toLowerCase() : value) !== undefined) return [];
    const claims = value.trim().toLowerCase().startsWith('system:serviceaccount');
    return [
      {
        code: claims ? 'subject-malformed' : 'subject-not-service-account',
        path: at,
        message: `no service account has the subject "${value}"`,
      },
    ];
  });
}

/** A wildcard before the colon that ends the namespace lets other namespaces in, today's or tomorrow's. */
function lintPattern(value: string, path: string, isShared: boolean): readonly ConditionFinding[] {
  if (isShared)
    return /^[*?]+$/.test(value) ? [{ code: 'shared-issuer-weak', path, message: `"${value}" lets every customer of the issuer in` }] : [];
  const namespace = /^system:serviceaccount:([^:]*):/.exec(value)?.[1];
  if (namespace !== undefined && !hasWildcard(namespace)) return [];
  return [{ code: 'subject-pattern-broad', path, message: `"${value}" reaches over namespaces, also over those that do not exist yet` }];
}
