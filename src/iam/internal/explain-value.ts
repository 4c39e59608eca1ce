import type { ExplainCode } from '../explain-codes.data.ts';
import type { ConditionWorld } from './condition.ts';
import { globMatches, hasWildcard } from './glob.ts';
import type { Operator } from './operator.ts';
import { resolveVariables } from './policy-variable.ts';

/** Names that AWS publishes below a generic issuer. */
const PUBLISHED: ReadonlySet<string> = new Set(['sub', 'aud', 'oaud', 'amr', 'email']);

/** Why a request has nothing under a key. `hostPath` is the token's issuer. */
export function explainAbsentKey(key: string, hostPath: string): ExplainCode {
  const name = key.toLowerCase();
  const issuer = hostPath.toLowerCase();
  if (name.startsWith('https://') || name.startsWith('http://')) return 'key-has-scheme';
  if (name.startsWith(`${issuer}:`)) return PUBLISHED.has(name.slice(issuer.length + 1)) ? 'key-absent' : 'key-not-published';
  if (name.startsWith(`${issuer}/:`) || (issuer.endsWith('/') && name.startsWith(`${issuer.slice(0, -1)}:`))) return 'key-slash';
  if (name.startsWith('aws:') || name.startsWith('sts:')) return 'key-absent';
  return /[./].*:[^:]+$/.test(name) ? 'key-other-issuer' : 'key-absent';
}

/** What keeps one value of the policy from the request's. `actual` is undefined when the request has no such key. */
export function explainValue(
  value: string,
  actual: string | undefined,
  around: { readonly operator: Operator; readonly world: ConditionWorld },
): ExplainCode {
  const { operator, world } = around;
  if (actual === undefined) return 'key-absent';
  if (operator.family !== 'string') return operator.reads(actual) && operator.reads(value) ? 'value-other' : typeFault(operator);
  if (value.includes('${')) {
    if (!world.variables) return 'value-variable-literal';
    if (resolveVariables(value, world.context) === undefined) return 'value-variable-unresolved';
  }
  if (!operator.wildcards && hasWildcard(value) && globMatches(value, actual)) return 'value-wildcard-literal';
  if (sameBy(value, actual, operator, (text) => text.trim())) return 'value-white-space';
  if (sameBy(value, actual, operator, (text) => text.toLowerCase())) return 'value-case';
  const subject = explainSubject(value, actual);
  if (subject !== undefined) return subject;
  return isSimilar(value, actual) ? 'value-similar' : 'value-other';
}

function typeFault(operator: Operator): ExplainCode {
  return operator.family === 'arn' || operator.family === 'ip' ? 'value-other' : 'value-type';
}

function sameBy(value: string, actual: string, operator: Operator, change: (text: string) => string): boolean {
  return operator.wildcards ? globMatches(change(value), change(actual)) : change(value) === change(actual);
}

/** Both are service account subjects: which half differs? Patterns are taken as text. */
function explainSubject(value: string, actual: string): ExplainCode | undefined {
  const policy = halvesOf(value);
  const token = halvesOf(actual);
  if (policy === undefined || token === undefined) return undefined;
  if (globMatches(policy.namespace, token.namespace)) return isSimilar(policy.name, token.name) ? 'value-similar' : 'value-other-account';
  return globMatches(policy.name, token.name) &&
    isSimilar(policy.namespace, token.namespace) &&
    !hasWildcard(policy.namespace) &&
    token.namespace.length > 6
    ? 'value-similar'
    : 'value-other-namespace';
}

/** Namespace and name of a subject or subject pattern. */
export function halvesOf(subject: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]*):([^:]*)$/.exec(subject) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

const MAX_COMPARED = 400;

/** Whether two texts are a slip of the pen apart: at most two letters, and few for their length. */
export function isSimilar(one: string, other: string): boolean {
  if (one.length > MAX_COMPARED || other.length > MAX_COMPARED) return false;
  const limit = Math.min(2, Math.floor(Math.max(one.length, other.length) / 5));
  return editDistance(one, other) <= limit;
}

/** Letters to insert, drop, change or swap with the next (optimal string alignment). */
export function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const change = one[i - 1] === other[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + change);
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[other.length] ?? 0;
}
