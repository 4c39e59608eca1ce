import type { JsonObject } from '../../../../base/json.ts';
import { type ListKeys, listKeysOf } from '../../patch/list-keys.ts';

/** The structure of a review: a kind that is answered and never stored, with no keyed lists. */
export function reviewKeys(zero: JsonObject): ListKeys {
  return { ...listKeysOf('authentication.k8s.io', ''), zero };
}
