/**
 * One call of `sts:AssumeRoleWithWebIdentity` with a token that is already verified (signature, times, registered audience),
 * as a trust policy sees it.
 */
export interface TrustRequest {
  /** Usually `sts:AssumeRoleWithWebIdentity`; `sts:TagSession` and `sts:SetSourceIdentity` are asked separately. */
  readonly action: string;
  /** The account of the role. */
  readonly account: string;
  readonly roleArn: string;
  /** The registered provider whose URL is the token's `iss`, in the role's account. */
  readonly providerArn: string;
  /** `https://…`, letter for letter as in the token. */
  readonly issuer: string;
  /** `RoleSessionName`, chosen by the caller. */
  readonly sessionName: string;
  /** The decoded payload. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Default: the token's source identity claim. */
  readonly sourceIdentity?: string;
  /** Default: the token's principal tags. */
  readonly requestTags?: Readonly<Record<string, string>>;
  /** Default: the token's transitive tag keys. */
  readonly transitiveTagKeys?: readonly string[];
  /** Default: whether the token's roles claim names `roleArn`. */
  readonly roleAuthorizedByIdp?: boolean;
  /** Further condition keys of the call, such as `aws:SourceIp` or `aws:CurrentTime`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}
