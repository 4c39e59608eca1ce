import type { Operator } from './operator.ts';
import { resolveVariables } from './policy-variable.ts';
import type { ContextLookup, ContextValue } from './request-context.ts';

/** One operator over one key. */
export interface Condition {
  readonly operator: Operator;
  /** As the policy spells it. */
  readonly key: string;
  readonly values: readonly string[];
}

/** What decides a condition besides itself. */
export interface ConditionWorld {
  readonly context: ContextLookup;
  /** Whether the document's version replaces policy variables. */
  readonly variables: boolean;
}

/**
 * Whether a condition holds. OR over values; a negated operator holds when none compares. An absent key fails a positive operator and
 * `ForAnyValue`, and satisfies a negated one, `IfExists` and `ForAllValues`. A multivalued key under a scalar operator never holds.
 * Source: IAM user guide, condition operators, single- and multivalued context keys.
 */
export function conditionHolds(condition: Condition, world: ConditionWorld): boolean {
  const { operator } = condition;
  const actual = world.context(condition.key);
  if (operator.family === 'null') return nullHolds(condition, actual);
  if (actual === undefined) return holdsWithoutKey(operator);
  if (typeof actual === 'string') return valueHolds(condition, actual, world);
  if (operator.quantifier === 'any') return actual.some((one) => valueHolds(condition, one, world));
  if (operator.quantifier === 'all') return actual.every((one) => valueHolds(condition, one, world));
  return false;
}

/** What an operator says about a key that the request does not have. */
export function holdsWithoutKey(operator: Operator): boolean {
  if (operator.ifExists || operator.quantifier === 'all') return true;
  return operator.quantifier === 'one' && operator.negated;
}

function nullHolds(condition: Condition, actual: ContextValue): boolean {
  const wanted = actual === undefined ? 'true' : 'false';
  return condition.values.some((value) => value.toLowerCase() === wanted);
}

/** One value of the request against all values of the condition, negation included. */
export function valueHolds(condition: Condition, actual: string, world: ConditionWorld): boolean {
  const { operator, values } = condition;
  if (!operator.reads(actual)) return false;
  const replaces = world.variables && operator.variables;
  for (const value of values) {
    const compares =
      replaces && value.includes('${') ? valueCompares(operator, actual, { value, world }) : operator.compares(actual, value, undefined);
    if (compares) return !operator.negated;
  }
  return operator.negated;
}

/** One value of the request against one value of the policy, negation left out. */
export function valueCompares(
  operator: Operator,
  actual: string,
  policy: { readonly value: string; readonly world: ConditionWorld },
): boolean {
  const { value, world } = policy;
  if (!world.variables || !operator.variables || !value.includes('${')) return operator.compares(actual, value, undefined);
  const resolved = resolveVariables(value, world.context);
  return resolved !== undefined && operator.compares(actual, resolved.text, resolved.literal);
}
