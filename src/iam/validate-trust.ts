import { parseProviderArn, parseRoleArn } from './arn.ts';
import { readPolicy, type Statement } from './internal/read-policy.ts';
import { trustedIssuers, unscopedIssuers } from './internal/shared-issuer.ts';
import { parsePolicyText } from './policy-document.ts';

/** What IAM says to a policy that somebody wants to store. */
export type WriteVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** The wire's code. */
      readonly code: 'MalformedPolicyDocument' | 'ValidationError';
      /** The wire's text, letter for letter where it is known. */
      readonly message: string;
    };

export interface TrustWriteOptions {
  /** Whether an AWS principal (ARN or unique id) exists; without it every one does. */
  readonly existingPrincipal?: (principal: string) => boolean;
}

/**
 * What IAM itself refuses when a trust policy is written (CreateRole, UpdateAssumeRolePolicy), quota apart. The existence of an OIDC
 * provider is not checked, as IAM does not. Source: IAM API reference and user guide; texts as seen on live AWS.
 */
export function validateTrustForWrite(text: string, options: TrustWriteOptions = {}): WriteVerdict {
  if (!isLatin(text)) return notLatin('assumeRolePolicyDocument');
  const parsed = parsePolicyText(text);
  if (!parsed.ok) return malformed('This policy contains invalid Json');
  const shape = shapeFault(parsed.document);
  if (shape !== undefined) return malformed(shape);
  const read = readPolicy(parsed.document, 'trust');
  if (!read.ok) return malformed(`Syntax errors in policy. ${read.problem.message}`);
  const { statements } = read.policy;
  if (hasDuplicateSid(statements)) return malformed('The Statement Ids in the policy are not unique');
  for (const statement of statements) {
    const fault = statementFault(statement, options);
    if (fault !== undefined) return malformed(fault);
  }
  return { ok: true };
}

/** The characters that IAM's API takes in a document: tab, line ends, and U+0020 to U+00FF. */
export function isLatin(text: string): boolean {
  return /^[\t\n\r\u0020-\u00ff]+$/.test(text) && text.length <= 131_072;
}

/** IAM's answer to a document with other characters, or none, or too many. */
export function notLatin(parameter: string): WriteVerdict {
  const rule = 'Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+';
  return {
    ok: false,
    code: 'ValidationError',
    message: `1 validation error detected: Value at '${parameter}' failed to satisfy constraint: ${rule}`,
  };
}

/** A refusal of the document itself. */
export function malformed(message: string): WriteVerdict {
  return { ok: false, code: 'MalformedPolicyDocument', message };
}

/** Whether two statements share a Sid. */
export function hasDuplicateSid(statements: readonly Statement[]): boolean {
  const sids = statements.map((statement) => statement.sid).filter((sid) => sid !== undefined && sid !== '');
  return new Set(sids).size < sids.length;
}

/** Members that decide which of IAM's texts is given, looked at before the grammar. */
function shapeFault(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null) return 'This policy contains invalid Json';
  const list = (document as { readonly Statement?: unknown }).Statement;
  const statements: readonly unknown[] = Array.isArray(list) ? list : [list];
  for (const statement of statements) {
    if (typeof statement !== 'object' || statement === null) continue;
    const members = statement as Readonly<Record<string, unknown>>;
    if (members.Resource !== undefined || members.NotResource !== undefined) return 'Has prohibited field Resource';
    if (members.NotPrincipal !== undefined)
      return members.Effect === 'Allow'
        ? 'Allow with NotPrincipal is not allowed.'
        : 'AssumeRolepolicy contained an invalid field: NotPrincipal';
    if (members.Principal === undefined) return 'Missing required field Principal';
    if (members.Principal === '*') return 'AssumeRolepolicy contained an invalid principal: "STAR":"*".';
  }
  return undefined;
}

const ASSUME_ACTIONS: ReadonlySet<string> = new Set([
  'sts:AssumeRole',
  'sts:AssumeRoleWithSAML',
  'sts:AssumeRoleWithWebIdentity',
  'sts:AssumeRoot',
  'sts:SetContext',
  'sts:SetSourceIdentity',
  'sts:TagSession',
]);
const WELL_KNOWN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;
const SAML = /^arn:aws(-[a-z]+)*:iam::[0-9]{12}:saml-provider\/[\w+=,.@-]+$/;
const SID = /^[A-Za-z0-9]*$/;

function statementFault(statement: Statement, options: TrustWriteOptions): string | undefined {
  if (statement.sid !== undefined && !SID.test(statement.sid))
    return 'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
  const { actions, principals } = statement;
  if (actions.negated || actions.values.length === 0 || actions.values.some((action) => !ASSUME_ACTIONS.has(action))) {
    return 'AssumeRole policy may only specify STS AssumeRole actions.';
  }
  for (const { type, values } of principals?.lists ?? []) {
    for (const value of values) {
      if (type === 'Federated' && !isFederated(value)) return 'Federated principals must be valid domain names or SAML metadata ARNs';
      if (type === 'AWS' && !isKnown(value, options)) return `Invalid principal in policy: "AWS":"${value}"`;
    }
  }
  return providerFault(statement);
}

function isFederated(value: string): boolean {
  return parseProviderArn(value).ok || SAML.test(value) || WELL_KNOWN.test(value);
}

function isKnown(value: string, options: TrustWriteOptions): boolean {
  if (value === '*' || /^[0-9]{12}$/.test(value) || /^arn:aws(-[a-z]+)*:iam::[0-9]{12}:root$/.test(value)) return true;
  const isArn = parseRoleArn(value).ok || /^arn:aws(-[a-z]+)*:(iam|sts)::[0-9]{12}:(user|assumed-role|federated-user)\/.+$/.test(value);
  if (!isArn && !/^A[A-Z]{3}[A-Z0-9]{16,}$/.test(value)) return false;
  return options.existingPrincipal?.(value) ?? true;
}

function providerFault(statement: Statement): string | undefined {
  const [unscoped] = unscopedIssuers(statement);
  if (unscoped !== undefined) {
    return `Trust policy with trusted principal ${unscoped.issuer} must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, ${unscoped.keys.join(' or ')} which is not scoped to all.`;
  }
  if (statement.effect !== 'Allow' || !trustedIssuers(statement).includes('accounts.google.com')) return undefined;
  const keys = ['accounts.google.com:aud', 'accounts.google.com:oaud', 'accounts.google.com:sub'];
  const isBound = statement.conditions.some(({ operator, key }) => operator.name === 'StringEquals' && keys.includes(key));
  return isBound ? undefined : 'Policy trusting accounts.google.com requires a StringEquals condition on an application id';
}
