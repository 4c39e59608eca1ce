import { compactVerify, errors, importJWK } from 'jose';
import type { PublicJwk } from '../../../../oidc/key-set.ts';

/** How many signatures of one key are remembered. */
const MAX_REMEMBERED = 1_000;

const good = new WeakMap<PublicJwk, Set<string>>();

/**
 * Whether a compact JWS is signed by this key with the algorithm that the key is for. A client sends its token with every request, so
 * those found good are remembered: a signature does not expire, and all else about a token is judged anew each time.
 */
export async function isSignedBy(compact: string, key: PublicJwk): Promise<boolean> {
  const known = good.get(key) ?? new Set<string>();
  if (known.has(compact)) return true;
  try {
    await compactVerify(compact, await importJWK(key, key.alg), { algorithms: [key.alg] });
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError) return false;
    throw thrown;
  }
  const [oldest] = known;
  if (known.size >= MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
  good.set(key, known.add(compact));
  return true;
}
