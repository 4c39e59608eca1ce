import { parseProviderArn } from './arn.ts';
import type { Condition } from './internal/condition.ts';
import { actionsMatch, principalsMatch } from './internal/judge.ts';
import { lintCondition } from './internal/lint-condition.ts';
import { ASSUME_ROLE_WITH_WEB_IDENTITY, isOpen, strangerTo } from './internal/open-statement.ts';
import { type Policy, readPolicy, type Statement } from './internal/read-policy.ts';
import { trustedIssuers, unscopedIssuers } from './internal/shared-issuer.ts';
import { LINT_CODES, type LintCode, type LintSeverity } from './lint-codes.data.ts';
import { parsePolicyText } from './policy-document.ts';
import { DEFAULT_TRUST_POLICY_QUOTA, policySize } from './policy-size.ts';
import { CLOSED_SID } from './trust-document.ts';
import { hasDuplicateSid, validateTrustForWrite } from './validate-trust.ts';

/** One thing that a trust policy does worse than its author may think. */
export interface TrustFinding {
  readonly code: LintCode;
  readonly severity: LintSeverity;
  /** JSON pointer. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

export interface LintOptions {
  /** Characters; default 2,048. */
  readonly quota?: number | 'off';
  /** ARNs of the account's OIDC providers; without them their existence is not checked. */
  readonly providers?: readonly string[];
}

export interface TrustLint {
  /** In document order, errors of a place before its warnings. */
  readonly findings: readonly TrustFinding[];
  /** Characters as IAM counts them. */
  readonly size: number;
  readonly quota: number | 'off';
}

/** Finds what in a trust policy opens the role by mistake, never matches, or cannot be stored. Never throws. */
export function lintTrust(text: string, options: LintOptions = {}): TrustLint {
  const quota = options.quota ?? DEFAULT_TRUST_POLICY_QUOTA;
  const size = policySize(text);
  const parsed = parsePolicyText(text);
  const read = parsed.ok ? readPolicy(parsed.document, 'trust') : parsed;
  if (!read.ok) return { findings: [finding('unreadable', read.problem.path, read.problem.message)], size, quota };
  const { policy } = read;
  const findings = [
    ...lintDocument(text, policy, { size, quota }),
    ...policy.statements.flatMap((statement) => lintStatement(statement, { policy, text, options })),
  ];
  return { findings, size, quota };
}

function lintDocument(
  text: string,
  policy: Policy,
  use: { readonly size: number; readonly quota: number | 'off' },
): readonly TrustFinding[] {
  const found: TrustFinding[] = [];
  const { size, quota } = use;
  if (quota !== 'off' && size > quota) found.push(finding('over-quota', '', `the document has ${size} characters, the quota is ${quota}`));
  else if (quota !== 'off' && size * 10 >= quota * 9)
    found.push(finding('near-quota', '', `the document has ${size} of ${quota} characters`));
  if (hasDuplicateSid(policy.statements)) found.push(finding('duplicate-sid', '/Statement', 'two statements have the same Sid'));
  const verdict = validateTrustForWrite(text);
  const isSaidBelow = policy.statements.some((statement) => unscopedIssuers(statement).length > 0) || hasDuplicateSid(policy.statements);
  if (!verdict.ok && !isSaidBelow) found.push(finding('refused-by-iam', '', `IAM answers ${verdict.code}: ${verdict.message}`));
  return found;
}

interface Around {
  readonly policy: Policy;
  readonly text: string;
  readonly options: LintOptions;
}

function lintStatement(statement: Statement, around: Around): readonly TrustFinding[] {
  const found: TrustFinding[] = [];
  const { policy, options } = around;
  const { pointer, principals, actions } = statement;
  if (principals?.element === 'NotPrincipal')
    found.push(finding('not-principal', `${pointer}/NotPrincipal`, 'NotPrincipal names everybody else'));
  if (actions.negated) found.push(finding('not-action', `${pointer}/NotAction`, 'NotAction covers every other action'));
  const isStar = principals?.star === true || principals?.lists.some((list) => list.type === 'AWS' && list.values.includes('*')) === true;
  if (isStar)
    found.push(
      finding(
        'principal-star',
        `${pointer}/${principals?.element}`,
        '"*" stands for AWS principals of any account, not for web identities',
      ),
    );
  const providers = providersOf(statement);
  for (const provider of providers) {
    if (options.providers !== undefined && !options.providers.includes(provider)) {
      found.push(
        finding('provider-missing', `${pointer}/Principal/Federated`, `${provider} is not among the account's identity providers`),
      );
    }
  }
  for (const { issuer, keys } of unscopedIssuers(statement)) {
    found.push(
      finding(
        'shared-issuer-unscoped',
        `${pointer}/Condition`,
        `${issuer} is shared by many customers, test ${keys.join(' or ')} by StringEquals, StringLike or StringEqualsIgnoreCase, not by "*"`,
      ),
    );
  }
  if (statement.effect === 'Allow' && actionsMatch(actions, ASSUME_ROLE_WITH_WEB_IDENTITY))
    found.push(...lintWebIdentity(statement, providers, around));
  if (providers.length > 0) {
    const issuers = trustedIssuers(statement);
    found.push(
      ...statement.conditions
        .flatMap((condition) => lintCondition(condition, { statement, issuers, policy }))
        .map(({ code, path, message }) => finding(code, path, message)),
    );
  }
  return found;
}

function lintWebIdentity(statement: Statement, providers: readonly string[], around: Around): readonly TrustFinding[] {
  const found: TrustFinding[] = [];
  const { policy, text } = around;
  const { pointer, conditions } = statement;
  for (const provider of providers) {
    const parsed = parseProviderArn(provider);
    if (!parsed.ok) continue;
    const { hostPath } = parsed.arn;
    if (isOpen(statement, policy, { providerArn: provider, audiences: undefined, stranger: strangerTo(text) })) {
      const weak = conditions.find((condition) => holdsUnasked(condition));
      const code = weak === undefined ? 'subject-unbound' : 'weak-restriction';
      const detail = weak === undefined ? '' : `, ${weak.operator.name} on ${weak.key} does not keep anybody out`;
      found.push(finding(code, `${pointer}/Condition`, `every token of ${hostPath} may assume the role${detail}`));
    }
    if (!conditions.some((condition) => binds(condition, `${hostPath}:aud`))) {
      found.push(
        finding('audience-unbound', `${pointer}/Condition`, `${hostPath}:aud is not tested, so any client id of the provider will do`),
      );
    }
    if (
      policy.statements.some(
        (other) =>
          other.sid === CLOSED_SID &&
          other.effect === 'Deny' &&
          other.conditions.length === 0 &&
          principalsMatch(other.principals, provider),
      )
    ) {
      found.push(finding('closed-overrides', pointer, `${CLOSED_SID} denies ${hostPath}, so this statement has no effect`));
    }
  }
  return found;
}

function holdsUnasked(condition: Condition): boolean {
  const { operator } = condition;
  return operator.ifExists || operator.negated || operator.quantifier === 'all' || operator.family === 'null';
}

function binds(condition: Condition, key: string): boolean {
  const { operator } = condition;
  return (
    condition.key.toLowerCase() === key.toLowerCase() &&
    operator.family === 'string' &&
    !operator.negated &&
    !operator.ifExists &&
    operator.quantifier !== 'all'
  );
}

/** Providers that a statement trusts; what NotPrincipal lists is left out, not trusted. */
function providersOf(statement: Statement): readonly string[] {
  if (statement.principals?.element !== 'Principal') return [];
  const lists = statement.principals.lists.filter((list) => list.type === 'Federated');
  return lists.flatMap((list) => list.values.filter((value) => value.includes(':oidc-provider/')));
}

function finding(code: LintCode, path: string, message: string): TrustFinding {
  return { code, severity: LINT_CODES[code].severity, path, message, fix: LINT_CODES[code].fix };
}
