import { compactVerify, errors, importJWK } from 'jose';
import type { PublicJwk } from '../../../../oidc/key-set.ts';

/** Whether a compact JWS is signed by this key with the algorithm that the key is for. */
export async function isSignedBy(compact: string, key: PublicJwk): Promise<boolean> {
  try {
    await compactVerify(compact, await importJWK(key, key.alg), { algorithms: [key.alg] });
    return true;
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError) return false;
    throw thrown;
  }
}
