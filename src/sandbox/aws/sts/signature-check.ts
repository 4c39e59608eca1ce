import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { JsonObject } from '../../../base/json.ts';
import type { SignatureCheck } from '../../../oidc/signature-check.ts';

/** Keys live as long as the key set they came in; `undefined`: OpenSSL refuses it. */
const imported = new WeakMap<JsonObject, { readonly key: KeyObject | undefined }>();

/** Checks a signature at once, on this thread: handing one to another thread and back costs several times what the check does. */
export const signatureCheck: SignatureCheck = ({ algorithm, jwk, data, signature }) => {
  const { key } = imported.get(jwk) ?? importKey(jwk);
  if (key === undefined) return 'key-unusable';
  return verify(`sha${algorithm.slice(2)}`, data, { key, dsaEncoding: 'ieee-p1363' }, signature) ? 'valid' : 'invalid';
};

function importKey(jwk: JsonObject): { readonly key: KeyObject | undefined } {
  const { kty, n, e, crv, x, y } = jwk;
  let made: { readonly key: KeyObject | undefined };
  try {
    made = { key: createPublicKey({ key: { kty, n, e, crv, x, y } as never, format: 'jwk' }) };
  } catch {
    // A foreign key that does not import is an unusable key, whatever the library says of it.
    made = { key: undefined };
  }
  imported.set(jwk, made);
  return made;
}
