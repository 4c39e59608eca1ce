import type { Problem } from '../base/errors.ts';
import { MAX_KEYS_PER_FAMILY } from '../oidc/algorithms.data.ts';
import { keyId } from '../oidc/key-id.ts';
import type { PublicJwk } from '../oidc/key-set.ts';
import { keyDefects } from './key-defects.ts';

/** The public half of a key as some file holds it. */
export interface KeyMaterial {
  /** The file, for messages. */
  readonly from: string;
  /** DER of its SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** Its public members. */
  readonly jwk: {
    readonly kty?: string;
    readonly n?: string;
    readonly e?: string;
    readonly crv?: string;
    readonly x?: string;
    readonly y?: string;
  };
}

/** Keys fit to be published, or why some are not. */
export type PublishedKeys =
  | { readonly ok: true; readonly keys: readonly PublicJwk[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const EC_ALGORITHMS = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' } as const;

/**
 * Keys as Kubernetes publishes them: `kid` by its rule, RSA keys for RS256, EC keys for their curve's algorithm, `use: sig`, no other
 * members. In the order given; a key that stands in two files (its private and its public half, most often) is there once.
 */
export async function publishedKeys(materials: readonly KeyMaterial[]): Promise<PublishedKeys> {
  const problems: Problem[] = [];
  const keys = new Map<string, PublicJwk>();
  for (const { from, spki, jwk } of materials) {
    const key = publicJwk(await keyId(spki), jwk);
    const defects =
      key === undefined ? [`it is of kind ${jwk.kty ?? 'unknown'}; AWS verifies with RSA, P-256, P-384 and P-521`] : errorsOf(key);
    problems.push(...defects.map((message) => ({ path: from, message })));
    if (key !== undefined && defects.length === 0) keys.set(key.kid, key);
  }
  if (materials.length === 0) problems.push({ path: '', message: 'an issuer publishes at least one key' });
  for (const family of ['RSA', 'EC'] as const) {
    const count = [...keys.values()].filter(({ kty }) => kty === family).length;
    if (count > MAX_KEYS_PER_FAMILY)
      problems.push({
        path: '',
        message: `${count} ${family} keys; AWS finds none of them when there are more than ${MAX_KEYS_PER_FAMILY}`,
      });
  }
  return problems.length === 0 ? { ok: true, keys: [...keys.values()] } : { ok: false, problems };
}

function errorsOf(key: PublicJwk): readonly string[] {
  return keyDefects(key)
    .filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);
}

function publicJwk(kid: string, { kty, n, e, crv, x, y }: KeyMaterial['jwk']): PublicJwk | undefined {
  if (kty === 'RSA' && n !== undefined && e !== undefined) return { use: 'sig', kty, kid, alg: 'RS256', n, e };
  if (kty !== 'EC' || x === undefined || y === undefined) return undefined;
  return crv === 'P-256' || crv === 'P-384' || crv === 'P-521' ? { use: 'sig', kty, kid, crv, alg: EC_ALGORITHMS[crv], x, y } : undefined;
}
