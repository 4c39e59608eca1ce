import type { Sha256Hex } from './role-names.ts';

const PREFIX = 'Podrole';
const HASH_LENGTH = 12;

/**
 * The Sid of podrole's statement for one provider: `Podrole` and 12 hex digits of the provider ARN's SHA-256.
 * Two clusters may share a role, and Sids are unique within a document (IAM refuses duplicates).
 */
export function statementSid(providerArn: string, sha256Hex: Sha256Hex): string {
  return `${PREFIX}${sha256Hex(providerArn).slice(0, HASH_LENGTH)}`;
}
