import type { Problem } from '../base/errors.ts';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import type { AlgorithmName } from './algorithms.data.ts';
import { readJsonObject } from './internal/read-json.ts';

/** A public RSA key as an issuer publishes it (RFC 7517, RFC 7518 section 6.3). */
export type RsaPublicJwk = {
  readonly use: 'sig';
  readonly kty: 'RSA';
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly n: string;
  readonly e: string;
};

/** A public elliptic-curve key as an issuer publishes it (RFC 7517, RFC 7518 section 6.2). */
export type EcPublicJwk = {
  readonly use: 'sig';
  readonly kty: 'EC';
  readonly kid: string;
  readonly crv: 'P-256' | 'P-384' | 'P-521';
  readonly alg: AlgorithmName;
  readonly x: string;
  readonly y: string;
};

/** A key that an issuer may publish: it has a name, a use and an algorithm, and no private member. */
export type PublicJwk = RsaPublicJwk | EcPublicJwk;

/** A JSON Web Key Set (RFC 7517, section 5) of anybody's: its keys are objects, and nothing more is known of them. */
export interface KeySet {
  readonly keys: readonly object[];
}

/** Bytes of the largest key set or discovery document that should be fetched: two hundred keys need a tenth of it. */
export const ISSUER_DOCUMENT_MAX_BYTES = 1024 * 1024;

/** Keys in the largest set that is read: AWS itself takes 100 RSA and 100 EC keys. */
const MAX_KEYS = 1000;
/** Levels of JSON; a key set has three. */
const MAX_DEPTH = 16;

/** The members that choose or make a key. Others (`d`, for one, when an issuer leaks its private key) are not kept. */
const KEPT = ['use', 'kty', 'kid', 'crv', 'alg', 'n', 'e', 'x', 'y', 'key_ops', 'x5c'] as const;

/**
 * The key set document of an issuer. Members stand in the order in which Kubernetes serves them, and there are neither `key_ops` nor
 * `x5c`: AWS ignores a key that has either (WebCrypto's own export writes `key_ops`).
 */
export function keySetDocument(keys: readonly PublicJwk[]): { readonly keys: readonly PublicJwk[] } {
  return { keys: keys.map(inOrder) };
}

function inOrder(key: PublicJwk): PublicJwk {
  return key.kty === 'RSA'
    ? { use: key.use, kty: key.kty, kid: key.kid, alg: key.alg, n: key.n, e: key.e }
    : { use: key.use, kty: key.kty, kid: key.kid, crv: key.crv, alg: key.alg, x: key.x, y: key.y };
}

/** A foreign key set as read, or everything that is wrong with it. */
export type KeySetReading = { readonly ok: true; readonly keySet: KeySet } | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads a foreign key set from the text of its document. The shape is judged strictly (one JSON object without duplicate members, a list
 * of at most 1,000 objects); whether a key is fit to verify with is judged when a token asks for it, so that one odd key does not spoil
 * the others. Never throws.
 */
export function parseKeySet(text: string): KeySetReading {
  if (text.length > ISSUER_DOCUMENT_MAX_BYTES) {
    return failed('', `key set is longer than ${ISSUER_DOCUMENT_MAX_BYTES} characters`);
  }
  const read = readJsonObject(text, { maxDepth: MAX_DEPTH });
  if (!read.ok) return failed('', `key set ${read.problem}`);
  if (read.duplicates.length > 0) {
    return { ok: false, problems: read.duplicates.map((path) => ({ path, message: 'member stands twice in the key set' })) };
  }
  const { keys } = read.value;
  if (!Array.isArray(keys)) return failed('/keys', 'key set must have a list of keys in the member keys');
  if (keys.length > MAX_KEYS) return failed('/keys', `key set holds ${keys.length} keys; at most ${MAX_KEYS} are read`);
  const problems: Problem[] = [];
  const kept: JsonObject[] = [];
  for (const [index, key] of keys.entries()) {
    if (isJsonObject(key)) kept.push(publicMembers(key));
    else problems.push({ path: `/keys/${index}`, message: 'key must be a JSON object' });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, keySet: { keys: kept } };
}

function publicMembers(key: JsonObject): JsonObject {
  return Object.fromEntries(KEPT.filter((name) => Object.hasOwn(key, name)).map((name) => [name, key[name]]));
}

function failed(path: string, message: string): KeySetReading {
  return { ok: false, problems: [{ path, message }] };
}
