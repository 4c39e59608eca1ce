import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';

type Members = Readonly<Record<string, unknown>>;

interface KeySpec {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly bits?: number;
  readonly crv?: string;
  readonly exponent?: number;
  readonly kid: string;
  readonly alg: string;
}

type JwksEntry = { readonly key: string; readonly set?: Members } | { readonly filler: 'RSA' | 'EC'; readonly count: number };
type Signer = string | { readonly none: true } | { readonly hmacOf: string };

export interface TokenChange {
  readonly header?: Members;
  readonly claims?: Members;
  readonly jwks?: readonly JwksEntry[];
  readonly signWith?: Signer;
  readonly tamper?: Members;
  readonly duplicate?: Members;
  readonly cut?: number;
  readonly append?: string;
  readonly padTo?: number;
}

export interface Outcome {
  readonly ok: boolean;
  readonly audience?: string;
  readonly subject?: string;
  readonly code?: string;
  readonly http?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly warn?: string;
}

export interface TokenCase {
  readonly id: string;
  readonly what: string;
  readonly change: TokenChange;
  readonly aws: Outcome | null;
  readonly strict: Outcome | 'same';
}

export interface TokenTable {
  readonly base: {
    readonly provider: { readonly clientIds: readonly string[] };
    readonly keys: Readonly<Record<string, KeySpec>>;
    readonly jwks: readonly JwksEntry[];
    readonly header: Members;
    readonly signWith: string;
    readonly claims: Members;
  };
  readonly rows: readonly { readonly id: string; readonly cases: readonly TokenCase[] }[];
}

export interface BuiltToken {
  readonly token: string;
  readonly jwks: { readonly keys: readonly Record<string, never>[] };
}

export const ISSUER = 'https://oidc.eks.us-west-2.podrole.test/id/0123456789ABCDEF0123456789ABCDEF';
export const ROLE_ARN = 'arn:aws:iam::111122223333:role/kf-user-demo';
export const NOW = new Date('2026-11-24T08:00:00.250Z');

interface Key {
  readonly privateKey: KeyObject;
  readonly publicJwk: Members;
}

function generate({ kty, bits, crv, exponent }: KeySpec): KeyObject {
  if (kty === 'OKP') return generateKeyPairSync('ed25519').privateKey;
  if (kty === 'EC') return generateKeyPairSync('ec', { namedCurve: crv ?? 'P-256' }).privateKey;
  return generateKeyPairSync('rsa', { modulusLength: bits ?? 2048, publicExponent: exponent ?? 65537 }).privateKey;
}

/**
 * Keys go through PEM: Node 20 can deadlock when a key object straight from the generator is exported as JWK.
 */
function makeKey(spec: KeySpec): Key {
  const privateKey = createPrivateKey(generate(spec).export({ type: 'pkcs8', format: 'pem' }));
  const { kty, n, e, crv, x, y } = privateKey.export({ format: 'jwk' });
  const parts = spec.kty === 'RSA' ? { kty, n, e } : spec.kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x };
  return { privateKey, publicJwk: { ...parts, kid: spec.kid, use: 'sig' } };
}

/** Builds the tokens of a table with real keys and real signatures, made with node:crypto and no code under test. */
export class TokenBuilder {
  readonly #table: TokenTable;
  readonly #keys = new Map<string, Key>();
  readonly #certificates = new Map<string, string>();

  constructor(table: TokenTable) {
    this.#table = table;
  }

  /** Makes what a case may ask for and cannot be made at once: self-signed certificates. */
  async prepare(): Promise<void> {
    await import('reflect-metadata');
    const x509 = await import('@peculiar/x509');
    for (const name of certificatesIn(this.#table.rows)) {
      const pkcs8 = this.#key(name).privateKey.export({ type: 'pkcs8', format: 'der' });
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
      const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
      const { n = '', e = '', kty = '' } = await crypto.subtle.exportKey('jwk', privateKey);
      const publicKey = await crypto.subtle.importKey('jwk', { kty, n, e }, algorithm, true, ['verify']);
      const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        name: `CN=${name}`,
        keys: { privateKey, publicKey },
        signingAlgorithm: algorithm,
      });
      this.#certificates.set(name, new X509Certificate(certificate.toString('pem')).raw.toString('base64'));
    }
  }

  build(change: TokenChange): BuiltToken {
    const { base } = this.#table;
    const header = this.#members({ ...base.header, ...change.header });
    const claims = this.#members({ ...base.claims, ...change.claims });
    const jwks = { keys: (change.jwks ?? base.jwks).flatMap((entry) => this.#jwks(entry)) as Record<string, never>[] };
    const signer = change.signWith ?? base.signWith;
    const payload = writeTwice(claims, this.#members(change.duplicate ?? {}));
    let token = this.#sign(header, payload, signer);
    const wanted = change.padTo ?? 0;
    for (let pad = paddingFor(wanted, token.length); token.length < wanted; pad += 1) {
      token = this.#sign(header, JSON.stringify({ ...claims, pad: 'x'.repeat(pad) }), signer);
    }
    if (change.tamper !== undefined) {
      const [head, , signature] = token.split('.');
      token = [head, encode(JSON.stringify({ ...claims, ...this.#members(change.tamper) })), signature].join('.');
    }
    if (change.cut !== undefined) token = token.split('.').slice(0, change.cut).join('.');
    return { token: token + (change.append ?? ''), jwks };
  }

  #key(name: string): Key {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const spec = this.#table.base.keys[name];
    if (spec === undefined) throw new Error(`the table has no key ${name}`);
    const key = makeKey(spec);
    this.#keys.set(name, key);
    return key;
  }

  #jwks(entry: JwksEntry): Members[] {
    if ('key' in entry) return [this.#members({ ...this.#key(entry.key).publicJwk, ...entry.set })];
    return Array.from({ length: entry.count }, (_, index) => fillerKey(entry.filler, index));
  }

  #sign(header: Members, payload: string, signer: Signer): string {
    const input = `${encode(JSON.stringify(header))}.${encode(payload)}`;
    return `${input}.${this.#signature(input, String(header.alg), signer)}`;
  }

  #signature(input: string, alg: string, signer: Signer): string {
    if (typeof signer === 'object') {
      if ('none' in signer) return '';
      return createHmac('sha256', publicPem(this.#key(signer.hmacOf).privateKey))
        .update(input)
        .digest('base64url');
    }
    const key = this.#key(signer).privateKey;
    const hash = key.asymmetricKeyType === 'ed25519' ? null : `sha${alg.slice(2)}`;
    const padding = alg.startsWith('PS') ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
    return sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363', ...padding }).toString('base64url');
  }

  /** Members with the table's placeholders resolved; absent ones left out. */
  #members(members: Members): Record<string, unknown> {
    const kept = Object.entries(members).filter(([, value]) => !isMarked(value, '$'));
    return Object.fromEntries(kept.map(([name, value]) => [name, this.#value(value)]));
  }

  #value(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#value(item));
    if (typeof value !== 'object' || value === null) return value;
    const members = value as Members;
    const present = Math.floor(NOW.getTime() / 1000);
    if (isMarked(value, 'now')) return present + Number(members.now);
    if (isMarked(value, 'nowText')) return String(present + Number(members.nowText));
    if (isMarked(value, 'issuerPlus')) return `${ISSUER}${String(members.issuerPlus)}`;
    if (isMarked(value, 'issuerHostUpper'))
      return ISSUER.replace(/^https:\/\/[^/]+/, (origin) => `https://${origin.slice(8).toUpperCase()}`);
    if (isMarked(value, 'roleArn')) return ROLE_ARN;
    if (isMarked(value, 'certificateOf')) return this.#certificates.get(String(members.certificateOf));
    return this.#members(members);
  }
}

function isMarked(value: unknown, mark: string): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 1 && Object.hasOwn(value, mark);
}

function certificatesIn(value: unknown): Set<string> {
  const found = new Set<string>();
  JSON.stringify(value, (name, member: unknown) => {
    if (name === 'certificateOf') found.add(String(member));
    return member;
  });
  return found;
}

/** The claims as JSON, then the second copies: JSON.stringify alone cannot write a member twice. */
function writeTwice(claims: Members, again: Members): string {
  const second = Object.entries(again).map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `${JSON.stringify(claims).slice(0, -1)}${second.join('')}}`;
}

/** Characters of a claim that bring a compact token close to, and not beyond, a length. */
function paddingFor(wanted: number, length: number): number {
  return Math.max(0, Math.floor(((wanted - length) * 3) / 4) - 12);
}

/** A key that nobody holds the private half of: only its form matters. */
function fillerKey(kty: 'RSA' | 'EC', index: number): Members {
  if (kty === 'EC') return { ...makeKey({ kty: 'EC', crv: 'P-256', kid: `filler-ec-${index}`, alg: 'ES256' }).publicJwk };
  const modulus = randomBytes(256);
  modulus[0] = (modulus[0] ?? 0) | 0x80;
  modulus[255] = (modulus[255] ?? 0) | 1;
  return { kty, n: modulus.toString('base64url'), e: 'AQAB', kid: `filler-rsa-${index}`, use: 'sig' };
}

/** What an attacker who confuses HS256 with RS256 uses as the secret: the public key. */
function publicPem(privateKey: KeyObject): string {
  return String(createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }));
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}
