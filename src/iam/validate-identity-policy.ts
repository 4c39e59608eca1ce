import { readPolicy, type Statement } from './internal/read-policy.ts';
import { parsePolicyText } from './policy-document.ts';
import { hasDuplicateSid, isLatin, malformed, notLatin, type WriteVerdict } from './validate-trust.ts';

const ACTION = /^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$/i;
const SID = /^[A-Za-z0-9]*$/;

/**
 * What IAM refuses when an identity policy is written (PutRolePolicy, CreatePolicy, CreatePolicyVersion), quota apart.
 * Source: IAM user guide, grammar of the policy language; texts widely quoted from live AWS.
 */
export function validateIdentityForWrite(text: string): WriteVerdict {
  if (!isLatin(text)) return notLatin('policyDocument');
  const parsed = parsePolicyText(text);
  if (!parsed.ok) return malformed('Syntax errors in policy.');
  if (hasPrincipal(parsed.document)) return malformed('Policy document should not specify a principal.');
  const read = readPolicy(parsed.document, 'identity');
  if (!read.ok) return malformed(`Syntax errors in policy. ${read.problem.message}`);
  if (hasDuplicateSid(read.policy.statements)) return malformed('Statement IDs (SID) in a single policy must be unique.');
  for (const statement of read.policy.statements) {
    const fault = statementFault(statement);
    if (fault !== undefined) return malformed(fault);
  }
  return { ok: true };
}

function hasPrincipal(document: unknown): boolean {
  if (typeof document !== 'object' || document === null) return false;
  const list = (document as { readonly Statement?: unknown }).Statement;
  const statements: readonly unknown[] = Array.isArray(list) ? list : [list];
  return statements.some((one) => typeof one === 'object' && one !== null && ('Principal' in one || 'NotPrincipal' in one));
}

function statementFault(statement: Statement): string | undefined {
  if (statement.sid !== undefined && !SID.test(statement.sid))
    return 'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
  const action = statement.actions.values.find((one) => !ACTION.test(one));
  if (action !== undefined) return 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
  const resource = statement.resources?.values.find((one) => one !== '*' && !one.startsWith('arn:') && !one.startsWith('${'));
  if (resource !== undefined) return `Resource ${resource} must be in ARN format or "*".`;
  if (statement.actions.values.length === 0) return 'Policy statement must contain actions.';
  return statement.resources?.values.length === 0 ? 'Policy statement must contain resources.' : undefined;
}
