import { hostPathOf } from './arn.ts';
import type { ExplainCode } from './explain-codes.data.ts';
import { explainStatement, type StatementExplanation } from './internal/explain-statement.ts';
import { judge } from './internal/judge.ts';
import { type NearestMiss, nearestMiss } from './internal/nearest-miss.ts';
import type { Policy } from './internal/read-policy.ts';
import { trustContext } from './internal/request-context.ts';
import { smallestChange, type TrustChange } from './internal/smallest-change.ts';
import type { PolicyProblem } from './policy-document.ts';
import type { TrustRequest } from './trust-request.ts';

export type { ConditionExplanation, ElementExplanation, StatementExplanation, ValueExplanation } from './internal/explain-statement.ts';
export type { NearestMiss } from './internal/nearest-miss.ts';
export type { TrustChange } from './internal/smallest-change.ts';

/** Why a role lets a caller in or not, as data. */
export interface TrustExplanation {
  readonly verdict: 'allow' | 'deny';
  readonly reason: Extract<ExplainCode, 'allowed' | 'explicit-deny' | 'no-allow-matched' | 'policy-unreadable'>;
  /** Index of the statement that decided; undefined when none did. */
  readonly decidedBy: number | undefined;
  readonly caller: TrustCaller;
  readonly statements: readonly StatementExplanation[];
  /** For a denial by default: the Allow that came closest. */
  readonly nearest: NearestMiss | undefined;
  /** For a denial: the smallest edit of the document after which the same request is allowed, checked by the evaluator. */
  readonly change: TrustChange | undefined;
  /** For a policy that could not be read. */
  readonly problem: PolicyProblem | undefined;
}

/** Who asked, as the policy sees it. */
export interface TrustCaller {
  readonly providerArn: string;
  readonly subject: string | undefined;
  readonly audience: string | readonly string[] | undefined;
  readonly action: string;
  readonly sessionName: string;
}

/** Explains a policy that could be read. `document` is what it was read from. */
export function explainPolicy(policy: Policy, source: { readonly document: unknown; readonly request: TrustRequest }): TrustExplanation {
  const { document, request } = source;
  const context = trustContext(request);
  const caller = { providerArn: request.providerArn, action: request.action, context };
  const verdict = judge(policy, caller);
  const statements = policy.statements.map((statement) =>
    explainStatement(statement, { request, caller, world: { context, variables: policy.variables } }),
  );
  const denied = statements.find((statement) => statement.matched && statement.effect === 'Deny');
  const allowed = statements.find((statement) => statement.matched && statement.effect === 'Allow');
  const nearest = verdict === 'deny' && denied === undefined ? nearestMiss(statements) : undefined;
  return {
    verdict,
    reason: denied !== undefined ? 'explicit-deny' : allowed !== undefined ? 'allowed' : 'no-allow-matched',
    decidedBy: (denied ?? allowed)?.index,
    caller: callerOf(request),
    statements,
    nearest,
    change: verdict === 'deny' ? smallestChange(document, { statements, request }) : undefined,
    problem: undefined,
  };
}

/** Explains a policy that could not be read: nobody is let in. */
export function explainMalformed(problem: PolicyProblem, request: TrustRequest): TrustExplanation {
  const nothing = { decidedBy: undefined, nearest: undefined, change: undefined, statements: [] };
  return { verdict: 'deny', reason: 'policy-unreadable', caller: callerOf(request), problem, ...nothing };
}

function callerOf(request: TrustRequest): TrustCaller {
  const context = trustContext(request);
  const hostPath = hostPathOf(request.issuer);
  const subject = context(`${hostPath}:sub`);
  return {
    providerArn: request.providerArn,
    subject: typeof subject === 'string' ? subject : undefined,
    audience: context(`${hostPath}:aud`),
    action: request.action,
    sessionName: request.sessionName,
  };
}
