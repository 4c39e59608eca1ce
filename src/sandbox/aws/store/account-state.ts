import { DelayedMap } from './delayed-map.ts';
import type {
  AssociationRecord,
  BucketRecord,
  ClusterRecord,
  InstanceProfileRecord,
  PolicyRecord,
  ProviderRecord,
  RoleRecord,
} from './records.ts';

/**
 * Everything that one account holds. Records are immutable; a change puts a new one. Roles and providers have a
 * delayed view, since STS learns of them later than IAM. Issued sessions are not here: a session token carries its
 * own session, so that a million exchanges leave nothing behind.
 */
export class AccountState {
  /** By lower-case name. */
  readonly roles = new DelayedMap<RoleRecord>();
  /** By ARN. */
  readonly providers = new DelayedMap<ProviderRecord>();
  /** The account's own policies, by lower-case ARN. */
  readonly policies = new Map<string, PolicyRecord>();
  /** By lower-case name. */
  readonly instanceProfiles = new Map<string, InstanceProfileRecord>();
  readonly clusters = new Map<string, ClusterRecord>();
  readonly associations = new Map<string, AssociationRecord>();
  readonly buckets = new Map<string, BucketRecord>();
}
