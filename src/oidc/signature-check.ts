import type { JsonObject } from '../base/json.ts';
import type { AlgorithmName } from './algorithms.data.ts';

/** One signature and what it is to be checked by. The key is of the algorithm's kind and strong enough; of its members only those of RFC 7518, section 6, count. */
export interface SignatureQuestion {
  readonly algorithm: AlgorithmName;
  /** The very same object for the same key, so that it can be imported once. */
  readonly jwk: JsonObject;
  readonly data: Uint8Array;
  /** For ECDSA the two numbers side by side (RFC 7518, section 3.4). */
  readonly signature: Uint8Array;
}

/** Checks signatures in place of WebCrypto. Never throws; `key-unusable` when the key cannot be imported. */
export type SignatureCheck = (question: SignatureQuestion) => 'valid' | 'invalid' | 'key-unusable';
