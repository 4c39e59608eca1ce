import type { Problem } from '../base/errors.ts';
import { type JsonFaultCode, type JsonLimits, parseJsonTree } from './internal/json-tree.ts';
import { scanJson } from './internal/scan-json.ts';

/** Why a policy cannot be used: its text is not strict JSON, or the JSON is not a policy (`malformed`). */
export type PolicyProblemCode = JsonFaultCode | 'malformed';

/** `path` is a JSON pointer into the document. */
export interface PolicyProblem extends Problem {
  readonly code: PolicyProblemCode;
}

/**
 * Bounds that hold before anything is parsed: characters as the IAM API limits a document (131,072), and nesting far beyond what the
 * grammar of policies can reach.
 */
export const POLICY_LIMITS: JsonLimits = { size: 131_072, depth: 32 };

export type PolicyTextResult = { readonly ok: true; readonly document: unknown } | { readonly ok: false; readonly problem: PolicyProblem };

/**
 * Parses the text of a policy strictly: one JSON value, every member name once in its object, no trailing comma.
 * The fault says where it is. Reading the JSON as a policy is a later step.
 */
export function parsePolicyText(text: string): PolicyTextResult {
  if (text.length > POLICY_LIMITS.size || scanJson(text, POLICY_LIMITS.depth) === 'suspect') return faultOf(text);
  try {
    return { ok: true, document: JSON.parse(text) };
  } catch {
    return faultOf(text);
  }
}

function faultOf(text: string): PolicyTextResult {
  const read = parseJsonTree(text, POLICY_LIMITS);
  if (!read.ok) return { ok: false, problem: read.fault };
  return { ok: true, document: JSON.parse(text) };
}
