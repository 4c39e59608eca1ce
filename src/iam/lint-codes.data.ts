export type LintSeverity = 'error' | 'warning' | 'info';

export type LintCode = keyof typeof LINT_CODES;

export interface LintRule {
  readonly severity: LintSeverity;
  /** What is wrong in general. */
  readonly summary: string;
  readonly fix: string;
}

const rule = (severity: LintSeverity, summary: string, fix: string): LintRule => ({ severity, summary, fix });

/** Every finding that lint can make. The reference page is made of this table. */
export const LINT_CODES = {
  unreadable: rule('error', 'the document is not a policy that AWS could store', 'mend the JSON or the element that the path points to'),
  'refused-by-iam': rule('error', 'IAM refuses to store the document', 'change what the message names'),
  'subject-unbound': rule('error', 'every token of the provider may assume the role', 'add StringEquals on the issuer’s :sub'),
  'weak-restriction': rule(
    'error',
    'a restriction holds although nothing was compared (IfExists, ForAllValues or a negated operator)',
    'use StringEquals or StringLike on a key that every token has',
  ),
  'audience-unbound': rule(
    'warning',
    'the provider’s client ids are the only check of the audience',
    'add StringEquals on the issuer’s :aud',
  ),
  'wildcard-under-equals': rule('error', '* and ? are plain characters under this operator', 'use StringLike, or name the subject in full'),
  'subject-pattern-broad': rule('warning', 'a wildcard reaches over namespaces', 'name the namespace, or list the subjects'),
  'subject-malformed': rule('error', 'no service account can have this subject', 'write system:serviceaccount:<namespace>:<name>'),
  'subject-not-service-account': rule(
    'warning',
    'the subject is not one of a Kubernetes service account',
    'write system:serviceaccount:<namespace>:<name> if the issuer is a cluster',
  ),
  'key-other-issuer': rule(
    'error',
    'the key belongs to an issuer that the statement does not trust, so it is never present',
    'use the trusted issuer’s host and path',
  ),
  'key-has-scheme': rule('error', 'condition keys start with the issuer’s host, without https://', 'remove the scheme'),
  'key-slash': rule(
    'error',
    'the key differs from the issuer by a slash, so it is never present',
    'write the issuer exactly as in the provider’s ARN',
  ),
  'key-not-published': rule(
    'error',
    'AWS does not show this claim to policies, so the key is never present',
    'use :sub, :aud, :oaud, :amr or :email',
  ),
  'for-all-values-unguarded': rule('error', 'ForAllValues holds when the key is absent', 'add Null with "false" on the same key'),
  'scalar-on-list': rule(
    'error',
    'the key holds a list, which this operator never matches',
    'put ForAnyValue: or ForAllValues: before the operator',
  ),
  'variable-in-old-version': rule('warning', 'policy variables are plain text before version 2012-10-17', 'set "Version": "2012-10-17"'),
  'no-values': rule('warning', 'the condition lists no value', 'list what shall match, or remove the condition'),
  'not-principal': rule('error', 'NotPrincipal names everybody else', 'use Principal'),
  'not-action': rule('error', 'NotAction covers actions that do not exist yet', 'use Action'),
  'principal-star': rule(
    'warning',
    '"*" stands for AWS principals of any account; it neither admits nor stops web identities',
    'name the principals',
  ),
  'provider-missing': rule(
    'error',
    'the account has no such identity provider; IAM does not check it',
    'create the provider or correct the ARN',
  ),
  'shared-issuer-unscoped': rule(
    'error',
    'the issuer is shared by many customers and the statement does not say which; IAM refuses to store it',
    'test the key that the message names',
  ),
  'shared-issuer-weak': rule(
    'warning',
    'the issuer is shared by many customers and the value lets all of them in, though IAM stores it',
    'name your own organisation, project or repository',
  ),
  'duplicate-sid': rule('error', 'two statements have the same Sid', 'make Sids unique'),
  'closed-overrides': rule(
    'warning',
    'an Allow has no effect because PodroleClosed denies its provider',
    'grant through podrole, or remove one of the two',
  ),
  'over-quota': rule('error', 'the document is longer than the quota', 'raise the quota L-C07B4B0D, or use a role for each profile'),
  'near-quota': rule('warning', 'nine tenths of the quota are used', 'raise the quota L-C07B4B0D, or use a role for each profile'),
} as const satisfies Readonly<Record<string, LintRule>>;
