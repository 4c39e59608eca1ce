/** The longest role name IAM takes (CreateRole). EKS cluster names may have 100 characters. */
export const MAX_ROLE_NAME_LENGTH = 64;

const HASH_LENGTH = 8;

/** `admin` is for the control plane's service accounts, `user` for the `default-editor` of every profile. */
export type KubeflowRole = 'admin' | 'user';

export interface RoleNameOf {
  readonly role: KubeflowRole;
  readonly cluster: string;
  /** Only in the pattern of kfctl 1.1.0 and later. */
  readonly region?: string | undefined;
}

/** SHA-256 of the UTF-8 bytes of a text, as 64 lower-case hex digits. */
export type Sha256Hex = (text: string) => string;

/**
 * `kf-<role>-<cluster>` (kfctl 1.0), or with a region `kf-<role>-<region>-<cluster>` (kfctl 1.1 and later).
 * A name above 64 characters keeps its first 55 and ends in `-` and 8 hex digits of its own hash: stable, and different for different clusters.
 */
export function roleName({ role, cluster, region }: RoleNameOf, sha256Hex: Sha256Hex): string {
  return fittingRoleName(region ? `kf-${role}-${region}-${cluster}` : `kf-${role}-${cluster}`, sha256Hex);
}

/** A role name of any pattern within 64 characters, by the rule above. */
export function fittingRoleName(full: string, sha256Hex: Sha256Hex): string {
  if (full.length <= MAX_ROLE_NAME_LENGTH) return full;
  return `${full.slice(0, MAX_ROLE_NAME_LENGTH - HASH_LENGTH - 1)}-${sha256Hex(full).slice(0, HASH_LENGTH)}`;
}

/** Both historical names of one role, the one without region first, to find what an older kfctl left behind. */
export function historicalRoleNames(of: RoleNameOf & { readonly region: string }, sha256Hex: Sha256Hex): readonly [string, string] {
  return [roleName({ role: of.role, cluster: of.cluster }, sha256Hex), roleName(of, sha256Hex)];
}
