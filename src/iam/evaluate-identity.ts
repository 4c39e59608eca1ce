import { type ConditionWorld, conditionHolds } from './internal/condition.ts';
import { arnMatches, globMatches } from './internal/glob.ts';
import { actionsMatch } from './internal/judge.ts';
import { resolveVariables } from './internal/policy-variable.ts';
import { type Patterns, type Policy, readPolicy, type Statement } from './internal/read-policy.ts';
import { recordContext } from './internal/request-context.ts';
import { parsePolicyText } from './policy-document.ts';

/** An inline or managed policy of a principal. */
export interface IdentityPolicy {
  /** Name or ARN, for the answer. */
  readonly name: string;
  /** JSON text, or parsed. */
  readonly document: string | object;
}

/** One call of an AWS API. */
export interface IdentityRequest {
  /** `service:Operation`; compares without case. */
  readonly action: string;
  /** The ARN acted on; `*` for calls without one. */
  readonly resource: string;
  /** Condition keys of the call; names compare without case. */
  readonly context: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export type IdentityVerdict =
  | { readonly verdict: 'allow' }
  | {
      readonly verdict: 'deny';
      /** A statement forbids it, or none allows it. */
      readonly reason: 'explicit-deny' | 'no-allow';
      /** The policy that forbids, or that cannot be read and therefore denies everything. */
      readonly by?: string;
    };

/**
 * Whether identity policies let their holder make a call: an explicit Deny in any of them beats every Allow, and without an Allow the
 * answer is no. A document that cannot be read denies everything, since what it forbids is unknown.
 * Source: IAM user guide, policy evaluation logic.
 */
export function evaluateIdentity(policies: readonly IdentityPolicy[], request: IdentityRequest): IdentityVerdict {
  const context = recordContext(request.context);
  let allowed = false;
  for (const { name, document } of policies) {
    const policy = read(document);
    if (policy === undefined) return { verdict: 'deny', reason: 'no-allow', by: name };
    const world: ConditionWorld = { context, variables: policy.variables };
    for (const statement of policy.statements) {
      if (!matches(statement, request, world)) continue;
      if (statement.effect === 'Deny') return { verdict: 'deny', reason: 'explicit-deny', by: name };
      allowed = true;
    }
  }
  return allowed ? { verdict: 'allow' } : { verdict: 'deny', reason: 'no-allow' };
}

function read(document: string | object): Policy | undefined {
  const parsed = typeof document === 'string' ? parsePolicyText(document) : ({ ok: true, document } as const);
  const policy = parsed.ok ? readPolicy(parsed.document, 'identity') : parsed;
  return policy.ok ? policy.policy : undefined;
}

function matches(statement: Statement, request: IdentityRequest, world: ConditionWorld): boolean {
  if (!actionsMatch(statement.actions, request.action)) return false;
  if (statement.resources === undefined || !resourcesMatch(statement.resources, request.resource, world)) return false;
  return statement.conditions.every((condition) => conditionHolds(condition, world));
}

function resourcesMatch(patterns: Patterns, resource: string, world: ConditionWorld): boolean {
  return patterns.values.some((pattern) => resourceMatches(pattern, resource, world)) !== patterns.negated;
}

function resourceMatches(pattern: string, resource: string, world: ConditionWorld): boolean {
  if (pattern === '*' || pattern === resource) return true;
  const resolved =
    world.variables && pattern.includes('${') ? resolveVariables(pattern, world.context) : { text: pattern, literal: undefined };
  if (resolved === undefined) return false;
  const matcher = resolved.text.startsWith('arn:') ? arnMatches : globMatches;
  return matcher(resolved.text, resource, resolved.literal);
}
