import { CompactSign } from 'jose';
import type { JsonObject } from '../base/json.ts';
import type { SigningKey } from './signing-key.ts';

export interface SignTokenOptions {
  readonly key: SigningKey;
  /** Written in the order given. Kubernetes sorts them by name. */
  readonly claims: JsonObject;
}

/**
 * A token over `claims` as Kubernetes signs one: JWS in compact serialisation whose header is exactly `alg` and `kid`, in this order and
 * without `typ`. No claim is added or checked.
 */
export function signToken({ key, claims }: SignTokenOptions): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .sign(key.privateKey);
}
