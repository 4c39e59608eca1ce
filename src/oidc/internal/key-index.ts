import { importJWK } from 'jose';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { ALGORITHMS, type JwsAlgorithm, MAX_KEYS_PER_FAMILY, RSA_MAX_BITS, RSA_MIN_BITS } from '../algorithms.data.ts';
import type { KeySet } from '../key-set.ts';
import { decodeBase64url } from './base64url.ts';

type Family = 'RSA' | 'EC';

/** A key that a token may name. `unusable` says why it verifies nothing all the same. */
export interface IndexedKey {
  readonly kid: string;
  readonly family: Family;
  readonly jwk: JsonObject;
  readonly unusable: 'key-unusable' | 'key-too-many' | undefined;
  /** Whether an earlier key of the set has the same name. */
  readonly shared: boolean;
  /** Imported once per algorithm; undefined when WebCrypto refuses the key. */
  readonly imported: Map<string, Promise<CryptoKey | undefined>>;
}

/** The keys of a set, by name. */
export type KeyIndex = ReadonlyMap<string, IndexedKey>;

const indexes = new WeakMap<object, KeyIndex>();

/**
 * The index of a key set, or undefined if it is none. It is made once per list of keys, and so are the imported keys in it: a
 * list must not be changed after its first use.
 *
 * As AWS indexes a set: only RSA and EC keys with a non-empty `kid` and no other `use` than `sig`; of two keys with one name the later
 * counts; a key with `key_ops` or `x5c` verifies nothing; a family of more than 100 keys verifies nothing.
 */
export function indexOf(jwks: KeySet | KeySet['keys']): KeyIndex | undefined {
  const keys: unknown = isJsonObject(jwks) ? jwks.keys : jwks;
  if (!Array.isArray(keys)) return undefined;
  const known = indexes.get(keys);
  if (known !== undefined) return known;
  const index = build(keys);
  indexes.set(keys, index);
  return index;
}

function build(keys: readonly unknown[]): KeyIndex {
  const ofFamily = keys.filter(isJsonObject).flatMap((jwk) => {
    const family = familyOf(jwk);
    return family === undefined ? [] : [{ jwk, family }];
  });
  const count = (family: Family): number => ofFamily.filter((key) => key.family === family).length;
  const tooMany: Readonly<Record<Family, boolean>> = { RSA: count('RSA') > MAX_KEYS_PER_FAMILY, EC: count('EC') > MAX_KEYS_PER_FAMILY };
  const index = new Map<string, IndexedKey>();
  for (const { jwk, family } of ofFamily) {
    const { kid, use } = jwk;
    if (typeof kid !== 'string' || kid === '' || (use !== undefined && use !== 'sig')) continue;
    const unusable = tooMany[family] ? 'key-too-many' : isFit(jwk, family) ? undefined : 'key-unusable';
    index.set(kid, { kid, family, jwk, unusable, shared: index.has(kid), imported: new Map() });
  }
  return index;
}

function familyOf({ kty }: JsonObject): Family | undefined {
  return kty === 'RSA' || kty === 'EC' ? kty : undefined;
}

function isFit(jwk: JsonObject, family: Family): boolean {
  if (Object.hasOwn(jwk, 'key_ops') || Object.hasOwn(jwk, 'x5c')) return false;
  return family === 'RSA' ? isStrongRsa(jwk) : isKnownCurve(jwk);
}

/** jose and WebCrypto take a public exponent of 1, with which anybody signs. */
function isStrongRsa({ n, e }: JsonObject): boolean {
  const modulus = unsigned(n);
  const exponent = unsigned(e);
  if (modulus === undefined || exponent === undefined) return false;
  const bits = bitLength(modulus);
  return (
    bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS && isOdd(modulus) && isOdd(exponent) && bitLength(exponent) >= 2 && exponent.length <= 8
  );
}

/** The big-endian bytes of a Base64urlUInt (RFC 7518, section 2) without leading zeros. */
function unsigned(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined;
  const bytes = decodeBase64url(value);
  const start = bytes?.findIndex((byte) => byte !== 0) ?? -1;
  return start < 0 ? undefined : bytes?.subarray(start);
}

function bitLength(bytes: Uint8Array): number {
  return bytes.length * 8 - Math.clz32(bytes[0] ?? 0) + 24;
}

function isOdd(bytes: Uint8Array): boolean {
  return ((bytes.at(-1) ?? 0) & 1) === 1;
}

const CURVE_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };

function isKnownCurve({ crv, x, y }: JsonObject): boolean {
  const size = typeof crv === 'string' && Object.hasOwn(CURVE_BYTES, crv) ? CURVE_BYTES[crv] : undefined;
  if (size === undefined || typeof x !== 'string' || typeof y !== 'string') return false;
  return decodeBase64url(x)?.length === size && decodeBase64url(y)?.length === size;
}

/** Whether keys of this kind may serve the algorithm: the family, and for ECDSA the one curve (RFC 7518, section 3.4). */
export function serves(key: IndexedKey, algorithm: JwsAlgorithm): boolean {
  return key.family === algorithm.kty && (algorithm.kty === 'RSA' || key.jwk.crv === algorithm.crv);
}

/**
 * The key as WebCrypto holds it, for one algorithm; undefined when it refuses (a point off the curve). The header of the token chooses
 * the algorithm, not the key's own `alg`, as on AWS.
 */
export function importedKey(key: IndexedKey, { alg }: JwsAlgorithm): Promise<CryptoKey | undefined> {
  const known = key.imported.get(alg);
  if (known !== undefined) return known;
  const imported = importPublic(key.jwk, alg);
  key.imported.set(alg, imported);
  return imported;
}

async function importPublic({ kty, n, e, crv, x, y }: JsonObject, alg: string): Promise<CryptoKey | undefined> {
  const members = { kty, n, e, crv, x, y };
  const texts = Object.entries(members).filter((member): member is [string, string] => typeof member[1] === 'string');
  try {
    const key = await importJWK({ kty: '', ...Object.fromEntries(texts) }, alg);
    return key instanceof Uint8Array ? undefined : key;
  } catch {
    // A foreign key that does not import is an unusable key, whatever the library says of it.
    return undefined;
  }
}

/** The accepted algorithm of that name, if it is one. */
export function algorithmNamed(name: unknown): JwsAlgorithm | undefined {
  return typeof name === 'string' ? ALGORITHMS.get(name) : undefined;
}
