import { explainMalformed, explainPolicy, type TrustExplanation } from './explain-trust.ts';
import { judge } from './internal/judge.ts';
import { type Policy, readPolicy } from './internal/read-policy.ts';
import { trustContext } from './internal/request-context.ts';
import { type PolicyProblem, parsePolicyText } from './policy-document.ts';
import type { TrustRequest } from './trust-request.ts';

/** Whether a role lets a caller in. */
export interface TrustVerdict {
  readonly verdict: 'allow' | 'deny';
  /** Present when the policy could not be read; the verdict then is `deny`. */
  readonly error?: PolicyProblem;
  /** Why, as data; worked out only when asked for. */
  explain(): TrustExplanation;
}

/**
 * Judges a trust policy, as text or already parsed, exactly as AWS STS does for a verified web identity token.
 * Synchronous; never throws: a policy that cannot be read is `deny` with `error`. A policy that IAM would refuse to store but that can
 * be understood is judged as if it were stored.
 */
export function evaluateTrust(policy: string | object, request: TrustRequest): TrustVerdict {
  const compiled = compileTrust(policy);
  return compiled.ok
    ? compiled.evaluate(request)
    : { verdict: 'deny', error: compiled.problem, explain: () => explainMalformed(compiled.problem, request) };
}

/** A trust policy read once for many requests, or why it cannot be read. */
export type CompiledTrust =
  | { readonly ok: true; readonly evaluate: (request: TrustRequest) => TrustVerdict }
  | { readonly ok: false; readonly problem: PolicyProblem };

/** Reads a trust policy once; use it where one policy meets many requests. Changing the object afterwards has no defined effect. */
export function compileTrust(policy: string | object): CompiledTrust {
  let document: unknown = policy;
  if (typeof policy === 'string') {
    const parsed = parsePolicyText(policy);
    if (!parsed.ok) return parsed;
    document = parsed.document;
  }
  const read = readPolicy(document, 'trust');
  if (!read.ok) return read;
  return { ok: true, evaluate: (request) => verdictOf(read.policy, document, request) };
}

function verdictOf(policy: Policy, document: unknown, request: TrustRequest): TrustVerdict {
  const caller = { providerArn: request.providerArn, action: request.action, context: trustContext(request) };
  return { verdict: judge(policy, caller), explain: () => explainPolicy(policy, { document, request }) };
}
