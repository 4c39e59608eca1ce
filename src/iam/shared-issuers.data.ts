/** The condition key that IAM demands for an issuer that many customers share. */
export interface SharedIssuerRule {
  /** Host and path of the issuer. */
  readonly issuer: string;
  /** Whether issuers that continue this one's path are meant as well (enterprise tenants). */
  readonly prefix: boolean;
  /** Any one of these must be tested; names below the issuer, or whole keys. */
  readonly keys: readonly string[];
}

const bySubject = (issuer: string): SharedIssuerRule => ({ issuer, prefix: false, keys: ['sub'] });
const byAudience = (issuer: string): SharedIssuerRule => ({ issuer, prefix: false, keys: ['aud'] });

/**
 * Issuers for which IAM refuses a trust policy that does not narrow the caller down. EKS and self-managed issuers are not among them.
 * Source: IAM user guide, "identity-provider controls for shared OIDC providers". IBM Turbonomic's six regional issuers and the one
 * Azure AD tenant of that list are left out: their names are not known to us.
 */
export const SHARED_ISSUERS: readonly SharedIssuerRule[] = [
  bySubject('agent.buildkite.com'),
  bySubject('oidc.codefresh.io'),
  bySubject('studio.datachain.ai/api'),
  { issuer: 'token.actions.githubusercontent.com', prefix: true, keys: ['sub', 'job_workflow_ref'] },
  bySubject('oidc-configuration.audit-log.githubusercontent.com'),
  bySubject('vstoken.actions.githubusercontent.com'),
  bySubject('gitlab.com'),
  bySubject('scalr.io'),
  bySubject('tokens.cloud.shisho.dev'),
  bySubject('app.terraform.io'),
  bySubject('proidc.upbound.io'),
  byAudience('cognito-identity.amazonaws.com'),
  byAudience('api.pulumi.com/oidc'),
  byAudience('sandboxes.cloud'),
  byAudience('oidc.vercel.com'),
];
