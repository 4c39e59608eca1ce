/** The condition key that IAM demands for an issuer that many customers share. */
export interface SharedIssuerRule {
  /** Host and path of the issuer. */
  readonly issuer: string;
  /** Whether issuers that continue this one's path are meant as well (enterprise tenants). */
  readonly prefix: boolean;
  /** Any one of these must be tested; names below the issuer. */
  readonly keys: readonly string[];
}

const bySubject = (issuer: string): SharedIssuerRule => ({ issuer, prefix: false, keys: ['sub'] });
const byAudience = (issuer: string): SharedIssuerRule => ({ issuer, prefix: false, keys: ['aud'] });

/**
 * Issuers for which IAM refuses a trust policy that does not narrow the caller down. EKS and self-managed issuers are not among them.
 * Source: IAM user guide, "identity-provider controls for shared OIDC providers". The one Azure AD tenant of that list, which must test
 * `sts:RoleSessionName`, is left out: its id is not known to us.
 */
export const SHARED_ISSUERS: readonly SharedIssuerRule[] = [
  bySubject('agent.buildkite.com'),
  bySubject('oidc.codefresh.io'),
  bySubject('studio.datachain.ai/api'),
  { issuer: 'token.actions.githubusercontent.com', prefix: true, keys: ['sub', 'job_workflow_ref'] },
  bySubject('oidc-configuration.audit-log.githubusercontent.com'),
  bySubject('vstoken.actions.githubusercontent.com'),
  bySubject('gitlab.com'),
  // IBM Turbonomic's hosted service, one issuer a region.
  bySubject('rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7'),
  bySubject('rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr'),
  bySubject('rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg'),
  bySubject('rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26'),
  bySubject('oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb'),
  bySubject('oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu'),
  bySubject('scalr.io'),
  bySubject('tokens.cloud.shisho.dev'),
  bySubject('app.terraform.io'),
  bySubject('proidc.upbound.io'),
  byAudience('cognito-identity.amazonaws.com'),
  byAudience('api.pulumi.com/oidc'),
  byAudience('sandboxes.cloud'),
  byAudience('oidc.vercel.com'),
];
