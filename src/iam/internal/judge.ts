import { type ConditionWorld, conditionHolds } from './condition.ts';
import { globMatches } from './glob.ts';
import type { Patterns, Policy, Principals, Statement } from './read-policy.ts';
import type { ContextLookup } from './request-context.ts';

/** Who asks for what. */
export interface Caller {
  /** The provider's ARN; a web identity is this federated principal and no other. */
  readonly providerArn: string;
  readonly action: string;
  readonly context: ContextLookup;
}

/**
 * The verdict of a trust policy: an explicit Deny beats every Allow, nothing allows by default.
 * Source: IAM user guide, policy evaluation logic; for a federated principal the trust policy alone decides.
 */
export function judge(policy: Policy, caller: Caller): 'allow' | 'deny' {
  const world: ConditionWorld = { context: caller.context, variables: policy.variables };
  let allowed = false;
  for (const statement of policy.statements) {
    if (allowed && statement.effect === 'Allow') continue;
    if (!statementMatches(statement, caller, world)) continue;
    if (statement.effect === 'Deny') return 'deny';
    allowed = true;
  }
  return allowed ? 'allow' : 'deny';
}

/** Whether principal, action and every condition of a statement match. */
export function statementMatches(statement: Statement, caller: Caller, world: ConditionWorld): boolean {
  if (!principalsMatch(statement.principals, caller.providerArn)) return false;
  if (!actionsMatch(statement.actions, caller.action)) return false;
  for (const condition of statement.conditions) {
    if (!conditionHolds(condition, world)) return false;
  }
  return true;
}

/**
 * Whether an OIDC caller is among the principals. Only the provider's exact ARN under `Federated` names it: `"*"` and `AWS: "*"` stand
 * for AWS principals and do not admit it, as live AWS was seen to decide.
 */
export function principalsMatch(principals: Principals | undefined, providerArn: string): boolean {
  if (principals === undefined) return false;
  const named = principals.lists.some((list) => list.type === 'Federated' && list.values.includes(providerArn));
  if (principals.element === 'Principal') return named;
  return !named && !principals.star;
}

/** Whether an action is among the patterns; actions compare without case. */
export function actionsMatch(patterns: Patterns, action: string): boolean {
  let found = patterns.values.includes(action);
  if (!found) {
    const wanted = action.toLowerCase();
    found = patterns.values.some((pattern) => globMatches(pattern.toLowerCase(), wanted));
  }
  return found !== patterns.negated;
}
