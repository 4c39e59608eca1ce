import type { Sha256Hex } from '../identity/role-names.ts';
import { canonicalJson } from './internal/policy-json.ts';

/** A hash of what a plan was made from and of what it would do: two plans of one digest do the same to the same world. */
export function planDigest(basis: { readonly facts: unknown; readonly items: unknown }, sha256Hex: Sha256Hex): string {
  return sha256Hex(canonicalJson(basis));
}
