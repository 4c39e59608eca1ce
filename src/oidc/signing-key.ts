import { exportJWK, importJWK, importPKCS8 } from 'jose';
import { type AlgorithmName, RSA_MIN_BITS } from './algorithms.data.ts';
import { SigningKeyError } from './errors.ts';
import { algorithmOfPkcs8 } from './internal/pkcs8.ts';
import { keyId } from './key-id.ts';
import type { PublicJwk } from './key-set.ts';

/** A key that signs tokens. The private half cannot be exported again. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly privateKey: CryptoKey;
  /** What the issuer publishes of it. */
  readonly publicJwk: PublicJwk;
}

const PEM = /^\s*-----BEGIN PRIVATE KEY-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END PRIVATE KEY-----\s*$/;
const CONVERT = 'convert it with: openssl pkcs8 -topk8 -nocrypt -in KEY -out KEY.pem';

/**
 * Reads a private key for service account tokens from unencrypted PKCS#8 PEM. As in Kubernetes an RSA key signs with RS256, and a P-256,
 * P-384 or P-521 key with ES256, ES384 or ES512; the `kid` is {@link keyId}.
 *
 * @throws SigningKeyError `signing-key-invalid` for another format or kind of key, and for an RSA key below 2048 bits.
 */
export async function importSigningKey(pkcs8Pem: string): Promise<SigningKey> {
  const body = PEM.exec(pkcs8Pem)?.[1];
  if (body === undefined) throw new SigningKeyError('signing key must be one unencrypted PKCS#8 private key in PEM', { hint: CONVERT });
  const alg = algorithmOf(body);
  if (alg === undefined) throw new SigningKeyError('signing key must be an RSA key or an elliptic-curve key on P-256, P-384 or P-521');
  const pem = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
  try {
    const jwk = await publicMembers(pem, alg);
    const kid = await keyIdOf(jwk, alg);
    return { kid, alg, privateKey: await importPKCS8(pem, alg), publicJwk: publicJwkOf(jwk, kid, alg) };
  } catch (cause) {
    if (cause instanceof SigningKeyError) throw cause;
    throw new SigningKeyError('signing key cannot be read: its bytes are damaged', { cause });
  }
}

function algorithmOf(body: string): AlgorithmName | undefined {
  try {
    return algorithmOfPkcs8(Uint8Array.from(atob(body.replace(/\s/g, '')), (character) => character.charCodeAt(0)));
  } catch {
    // Not base64, so not a key of any kind.
    return undefined;
  }
}

type Members =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: Curve; readonly x: string; readonly y: string };
type Curve = 'P-256' | 'P-384' | 'P-521';
const CURVES: Readonly<Record<string, Curve>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** The public half, by way of an export of the private key: WebCrypto has no other. */
async function publicMembers(pem: string, alg: AlgorithmName): Promise<Members> {
  const key = await importPKCS8(pem, alg, { extractable: true });
  const bits = 'modulusLength' in key.algorithm ? Number(key.algorithm.modulusLength) : RSA_MIN_BITS;
  if (bits < RSA_MIN_BITS) throw new SigningKeyError(`signing key has ${bits} bits; RSA keys must have at least ${RSA_MIN_BITS}`);
  const { n, e, x, y } = await exportJWK(key);
  const crv = CURVES[alg];
  if (crv !== undefined && x !== undefined && y !== undefined) return { kty: 'EC', crv, x, y };
  if (n === undefined || e === undefined) throw new SigningKeyError('signing key has no public half');
  return { kty: 'RSA', n, e };
}

async function keyIdOf(jwk: Members, alg: AlgorithmName): Promise<string> {
  const key = await importJWK(jwk, alg, { extractable: true });
  if (key instanceof Uint8Array) throw new SigningKeyError('signing key must be asymmetric');
  return keyId(new Uint8Array(await crypto.subtle.exportKey('spki', key)));
}

function publicJwkOf(jwk: Members, kid: string, alg: AlgorithmName): PublicJwk {
  return jwk.kty === 'RSA'
    ? { use: 'sig', kty: 'RSA', kid, alg, n: jwk.n, e: jwk.e }
    : { use: 'sig', kty: 'EC', kid, crv: jwk.crv, alg, x: jwk.x, y: jwk.y };
}
