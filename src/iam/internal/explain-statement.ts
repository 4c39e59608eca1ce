import { hostPathOf } from '../arn.ts';
import type { ExplainCode } from '../explain-codes.data.ts';
import type { TrustRequest } from '../trust-request.ts';
import { type Condition, type ConditionWorld, conditionHolds, holdsWithoutKey, valueCompares } from './condition.ts';
import { explainAbsentKey, explainValue } from './explain-value.ts';
import { pointerOf } from './json-tree.ts';
import { actionsMatch, type Caller, principalsMatch } from './judge.ts';
import type { Principals, Statement } from './read-policy.ts';
import type { ContextValue } from './request-context.ts';

/** How one statement met the request. */
export interface StatementExplanation {
  readonly index: number;
  /** JSON pointer. */
  readonly path: string;
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly matched: boolean;
  readonly principal: ElementExplanation;
  readonly action: ElementExplanation;
  readonly conditions: readonly ConditionExplanation[];
}

/** How `Principal` or `Action` met the request. */
export interface ElementExplanation {
  readonly path: string;
  readonly matched: boolean;
  readonly reason: ExplainCode;
  /** What the policy lists. */
  readonly values: readonly string[];
}

/** How one operator over one key met the request. */
export interface ConditionExplanation {
  readonly path: string;
  readonly operator: string;
  readonly key: string;
  readonly matched: boolean;
  readonly reason: ExplainCode;
  /** What the request has under the key. */
  readonly actual: ContextValue;
  readonly values: readonly ValueExplanation[];
}

/** How one value of the policy compared with the request. `compared` leaves the operator's negation out of account. */
export interface ValueExplanation {
  readonly path: string;
  readonly value: string;
  readonly compared: boolean;
  readonly reason: ExplainCode;
}

export interface ExplainWorld {
  readonly request: TrustRequest;
  readonly caller: Caller;
  readonly world: ConditionWorld;
}

/** Explains every element, also those that a verdict alone would not have looked at. */
export function explainStatement(statement: Statement, around: ExplainWorld): StatementExplanation {
  const principal = explainPrincipal(statement, around.request);
  const action = explainAction(statement, around.caller.action);
  const conditions = statement.conditions.map((condition) => explainCondition(condition, statement, around));
  const matched = principal.matched && action.matched && conditions.every((condition) => condition.matched);
  return {
    index: statement.index,
    path: statement.pointer,
    sid: statement.sid,
    effect: statement.effect,
    matched,
    principal,
    action,
    conditions,
  };
}

function explainPrincipal(statement: Statement, request: TrustRequest): ElementExplanation {
  const { principals } = statement;
  const path = `${statement.pointer}/${principals?.element ?? 'Principal'}`;
  const matched = principalsMatch(principals, request.providerArn);
  const values = principals?.star === true ? ['*'] : (principals?.lists ?? []).flatMap((list) => list.values);
  return { path, matched, reason: matched ? 'matched' : principalReason(principals, request), values };
}

function principalReason(principals: Principals | undefined, request: TrustRequest): ExplainCode {
  if (principals?.element === 'NotPrincipal') return 'principal-excluded';
  const federated = (principals?.lists ?? []).filter((list) => list.type === 'Federated').flatMap((list) => list.values);
  if (federated.length === 0) return 'principal-not-federated';
  const wanted = request.providerArn;
  if (federated.some((value) => value === `${wanted}/` || `${value}/` === wanted)) return 'principal-trailing-slash';
  if (federated.some((value) => value.toLowerCase() === wanted.toLowerCase())) return 'principal-case';
  const issuer = hostPathOf(request.issuer);
  return federated.some((value) => value.endsWith(`:oidc-provider/${issuer}`)) ? 'principal-other-account' : 'principal-other-provider';
}

function explainAction(statement: Statement, action: string): ElementExplanation {
  const { negated, values } = statement.actions;
  const matched = actionsMatch(statement.actions, action);
  const path = `${statement.pointer}/${negated ? 'NotAction' : 'Action'}`;
  return { path, matched, reason: matched ? 'matched' : negated ? 'action-excluded' : 'action-other', values };
}

function explainCondition(condition: Condition, statement: Statement, around: ExplainWorld): ConditionExplanation {
  const { operator, key, values } = condition;
  const { world, request } = around;
  const path = `${statement.pointer}/Condition${pointerOf([operator.name, key])}`;
  const actual = world.context(key);
  const matched = conditionHolds(condition, world);
  const explained = values.map((value, index) => {
    const texts = actual === undefined ? [] : typeof actual === 'string' ? [actual] : actual;
    const compared = texts.some((text) => operator.reads(text) && valueCompares(operator, text, { value, world }));
    // What kept the other values of a condition that holds is of no interest, and dear to find out.
    const reason = compared ? 'matched' : matched ? 'value-other' : explainValue(value, texts[0], { operator, world });
    return { path: `${path}/${index}`, value, compared, reason };
  });
  const reason = conditionReason({ condition, actual, matched, explained, request });
  return { path, operator: operator.name, key, matched, reason, actual, values: explained };
}

interface Outcome {
  readonly condition: Condition;
  readonly actual: ContextValue;
  readonly matched: boolean;
  readonly explained: readonly ValueExplanation[];
  readonly request: TrustRequest;
}

const SPECIFICITY: readonly ExplainCode[] = [
  'value-white-space',
  'value-case',
  'value-variable-literal',
  'value-variable-unresolved',
  'value-wildcard-literal',
  'value-other-account',
  'value-similar',
  'value-other-namespace',
  'value-type',
  'value-other',
];

function conditionReason(outcome: Outcome): ExplainCode {
  const { condition, actual, matched, explained, request } = outcome;
  const { operator, values } = condition;
  if (operator.family === 'null') return matched ? 'matched' : actual === undefined ? 'key-absent' : 'key-present';
  if (actual === undefined)
    return matched && holdsWithoutKey(operator) ? 'key-absent-holds' : explainAbsentKey(condition.key, hostPathOf(request.issuer));
  if (matched) return 'matched';
  if (typeof actual !== 'string' && operator.quantifier === 'one') return 'multivalued-under-scalar';
  if (typeof actual === 'string' && !operator.reads(actual)) return 'value-type';
  if (operator.negated) return 'value-excluded';
  if (values.length === 0) return 'no-values';
  const reasons = explained.map((one) => one.reason);
  return SPECIFICITY.find((code) => reasons.includes(code)) ?? 'value-other';
}
