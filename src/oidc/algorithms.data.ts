/** One JWS algorithm that AWS STS and Kubernetes share, and the only kind of key that may serve it. */
export type JwsAlgorithm =
  | { readonly alg: 'RS256' | 'RS384' | 'RS512'; readonly kty: 'RSA' }
  | { readonly alg: 'ES256' | 'ES384' | 'ES512'; readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384' | 'P-521' };

/** The name of an accepted algorithm, as it stands in a token's header (RFC 7518, section 3.1). */
export type AlgorithmName = JwsAlgorithm['alg'];

/**
 * All algorithms a token may be signed with: what AWS STS accepts for OpenID Connect providers. `none`, HMAC, RSA-PSS, EdDSA and
 * whatever comes later are refused because they are not here.
 */
export const ALGORITHMS: ReadonlyMap<string, JwsAlgorithm> = new Map<string, JwsAlgorithm>([
  ['RS256', { alg: 'RS256', kty: 'RSA' }],
  ['RS384', { alg: 'RS384', kty: 'RSA' }],
  ['RS512', { alg: 'RS512', kty: 'RSA' }],
  ['ES256', { alg: 'ES256', kty: 'EC', crv: 'P-256' }],
  ['ES384', { alg: 'ES384', kty: 'EC', crv: 'P-384' }],
  ['ES512', { alg: 'ES512', kty: 'EC', crv: 'P-521' }],
]);

/** Bits of the smallest RSA modulus that may sign or verify (RFC 7518, section 3.3). */
export const RSA_MIN_BITS = 2048;

/** Bits of the largest RSA modulus that is tried: OpenSSL verifies nothing larger, and a verification grows with the square of it. */
export const RSA_MAX_BITS = 16_384;

/** Keys of one family (RSA, EC) that AWS indexes; one more and none of that family is found. */
export const MAX_KEYS_PER_FAMILY = 100;
