import type { Sha256Hex } from './role-names.ts';

/** Label that finds the records of roles; its value is `role`. */
export const RECORD_LABEL = 'podrole.dev/record';
export const RECORD_LABEL_VALUE = 'role';

const HASH_LENGTH = 20;

/** What one record is about. A role is its account and name: the path may be missing from, or wrong in, what a profile says. */
export interface RecordOf {
  readonly account: string;
  readonly roleName: string;
  readonly providerArn: string;
}

/** The name of the ConfigMap that records what podrole granted on one role for one provider: `podrole-role-` and 20 hex digits. */
export function recordName({ account, roleName, providerArn }: RecordOf, sha256Hex: Sha256Hex): string {
  return `podrole-role-${sha256Hex(`${account}/${roleName}\n${providerArn}`).slice(0, HASH_LENGTH)}`;
}
