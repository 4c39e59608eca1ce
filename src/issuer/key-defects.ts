import type { JsonObject } from '../base/json.ts';
import { RSA_MAX_BITS, RSA_MIN_BITS } from '../oidc/algorithms.data.ts';
import type { Severity } from './finding.ts';
import { bitLength, bytesOf, unsignedBytes } from './internal/base64url.ts';

/** Something about a published key. */
export interface KeyDefect {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

const REPUBLISH = 'make the key set with podrole issuer jwks';
const CURVES: Readonly<Record<string, { readonly bytes: number; readonly alg: string }>> = {
  'P-256': { bytes: 32, alg: 'ES256' },
  'P-384': { bytes: 48, alg: 'ES384' },
  'P-521': { bytes: 66, alg: 'ES512' },
};
const RSA_ALGORITHMS: readonly unknown[] = ['RS256', 'RS384', 'RS512'];
/** RFC 7518, sections 6.2.2, 6.3.2 and 6.4: members that only a private or symmetric key has. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/**
 * Everything for which AWS passes over a key of a key set, or for which a reader may stumble over it. AWS reads RSA and EC keys with a
 * `kid` and no other `use` than `sig`, and was seen to ignore keys with `key_ops` (WebCrypto's export writes it) or `x5c`.
 */
export function keyDefects(key: JsonObject): readonly KeyDefect[] {
  const defects: KeyDefect[] = [];
  const error = (code: string, message: string, fix = REPUBLISH): void => void defects.push({ severity: 'error', code, message, fix });
  const warning = (code: string, message: string, fix = REPUBLISH): void => void defects.push({ severity: 'warning', code, message, fix });
  const secret = privateMembers(key);
  if (secret.length > 0)
    error(
      'key-private',
      `the key shows its private members ${secret.join(', ')} to everybody`,
      'take the key set down and make a new key: whoever read it can sign tokens',
    );
  if (typeof key.kid !== 'string' || key.kid === '') error('key-unnamed', 'the key has no kid, so AWS ignores it');
  if (Object.hasOwn(key, 'key_ops')) error('key-ops', 'the key has key_ops, and AWS ignores such keys', 'leave key_ops out');
  if (Object.hasOwn(key, 'x5c')) error('key-x5c', 'the key has x5c, and AWS ignores such keys', 'leave x5c out');
  if (key.use === undefined) warning('key-use', 'the key does not say use: sig');
  else if (key.use !== 'sig') error('key-use', `the key is for use ${JSON.stringify(key.use)} and not for sig`);
  if (key.kty === 'RSA') rsaDefects(key, error, warning);
  else if (key.kty === 'EC') ecDefects(key, error, warning);
  else error('key-kind', `the key is of kind ${JSON.stringify(key.kty ?? null)}; AWS verifies with RSA and EC keys only`);
  return defects;
}

/** Members of a published key that nobody may see. */
export function privateMembers(key: object): readonly string[] {
  return PRIVATE_MEMBERS.filter((name) => Object.hasOwn(key, name));
}

type Report = (code: string, message: string, fix?: string) => void;

function rsaDefects({ n, e, alg }: JsonObject, error: Report, warning: Report): void {
  const modulus = unsignedBytes(n);
  const exponent = unsignedBytes(e);
  if (modulus === undefined || exponent === undefined) {
    error('key-malformed', 'the RSA key needs n and e as unpadded base64url');
    return;
  }
  const bits = bitLength(modulus);
  if (bits < RSA_MIN_BITS)
    error('key-weak', `the RSA key has ${bits} bits; ${RSA_MIN_BITS} are the least`, 'make one with podrole issuer keygen');
  if (bits > RSA_MAX_BITS) error('key-large', `the RSA key has ${bits} bits; more than ${RSA_MAX_BITS} are not tried`);
  const odd = (bytes: Uint8Array): boolean => ((bytes.at(-1) ?? 0) & 1) === 1;
  if (!odd(modulus) || !odd(exponent) || bitLength(exponent) < 2 || exponent.length > 8)
    error(
      'key-weak',
      'the RSA key is not sound: its modulus or its exponent cannot be of an RSA key',
      'make one with podrole issuer keygen',
    );
  if (!RSA_ALGORITHMS.includes(alg)) warning('key-algorithm', `the RSA key says alg ${JSON.stringify(alg ?? null)} in place of RS256`);
}

function ecDefects({ crv, x, y, alg }: JsonObject, error: Report, warning: Report): void {
  const curve = typeof crv === 'string' && Object.hasOwn(CURVES, crv) ? CURVES[crv] : undefined;
  if (curve === undefined) {
    error('key-curve', `the EC key is on curve ${JSON.stringify(crv ?? null)}; AWS verifies on P-256, P-384 and P-521`);
    return;
  }
  if (bytesOf(x)?.length !== curve.bytes || bytesOf(y)?.length !== curve.bytes)
    error('key-malformed', `the EC key needs x and y of ${curve.bytes} bytes each as unpadded base64url`);
  if (alg !== curve.alg) warning('key-algorithm', `the EC key says alg ${JSON.stringify(alg ?? null)} in place of ${curve.alg}`);
}
