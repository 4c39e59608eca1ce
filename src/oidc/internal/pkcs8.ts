import type { AlgorithmName } from '../algorithms.data.ts';

/** DER of the AlgorithmIdentifier in a PKCS#8 key, and the algorithm with which Kubernetes signs with such a key. */
const ALGORITHM_IDENTIFIERS: readonly { readonly der: string; readonly alg: AlgorithmName }[] = [
  // rsaEncryption with NULL parameters (RFC 8017, appendix A.1)
  { der: '300d06092a864886f70d0101010500', alg: 'RS256' },
  // id-ecPublicKey with a named curve (RFC 5480, section 2.1.1)
  { der: '301306072a8648ce3d020106082a8648ce3d030107', alg: 'ES256' },
  { der: '301006072a8648ce3d020106052b81040022', alg: 'ES384' },
  { der: '301006072a8648ce3d020106052b81040023', alg: 'ES512' },
];

const SEQUENCE = 0x30;
/** INTEGER 0 or 1: version 1 without, or version 2 with a public key (RFC 5958). */
const VERSION = /^02010[01]/;

/**
 * The algorithm for which a PKCS#8 key (RFC 5208, RFC 5958) is meant; undefined for any other kind of key and for other bytes. It reads the
 * identifier alone: whether the key behind it is sound is for the import to say.
 */
export function algorithmOfPkcs8(der: Uint8Array): AlgorithmName | undefined {
  if (der[0] !== SEQUENCE) return undefined;
  const first = der[1] ?? 0;
  const start = first < 0x80 ? 2 : 2 + (first & 0x7f);
  const head = Array.from(der.subarray(start, start + 32), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (!VERSION.test(head)) return undefined;
  return ALGORITHM_IDENTIFIERS.find((identifier) => head.startsWith(identifier.der, 6))?.alg;
}
