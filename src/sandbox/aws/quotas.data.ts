/** Upper limits of an account, by AWS's documentation of IAM and STS quotas (the defaults, before any increase). */
export interface Quotas {
  /** Characters of a trust policy without white space; raisable to 8192 on AWS. */
  readonly trustPolicySize: number | 'off';
  /** Bytes of all inline policies of a role, without white space. */
  readonly inlinePolicySize: number;
  /** Characters of a managed policy version, without white space. */
  readonly managedPolicySize: number;
  readonly policyVersions: number;
  readonly attachedPolicies: number;
  readonly roles: number;
  readonly policies: number;
  readonly providers: number;
  readonly clientIds: number;
  readonly thumbprints: number;
  readonly instanceProfiles: number;
  readonly tags: number;
  /** Characters of the session policies of one request. */
  readonly sessionPolicySize: number;
}

export const DEFAULT_QUOTAS: Quotas = {
  trustPolicySize: 2048,
  inlinePolicySize: 10_240,
  managedPolicySize: 6144,
  policyVersions: 5,
  attachedPolicies: 10,
  roles: 1000,
  policies: 1500,
  providers: 100,
  clientIds: 100,
  thumbprints: 5,
  instanceProfiles: 1000,
  tags: 50,
  sessionPolicySize: 2048,
};
