import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { SigningKeyError } from './errors.ts';
import { signToken } from './sign-token.ts';
import { importSigningKey, type SigningKey } from './signing-key.ts';

const rsaPem = (bits: number): string =>
  generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ecPem = (curve: string): string =>
  generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe.each([
  ['RSA', 'RS256', () => rsaPem(2048), ['use', 'kty', 'kid', 'alg', 'n', 'e']],
  ['P-256', 'ES256', () => ecPem('P-256'), ['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y']],
  ['P-384', 'ES384', () => ecPem('P-384'), ['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y']],
  ['P-521', 'ES512', () => ecPem('P-521'), ['use', 'kty', 'kid', 'crv', 'alg', 'x', 'y']],
] as const)('a signing key: %s', (_name, alg, makePem, members) => {
  let pem: string;
  let key: SigningKey;
  beforeAll(async () => {
    pem = makePem();
    key = await importSigningKey(pem);
  });

  it(`signs with ${alg}`, () => {
    expect(key.alg).toBe(alg);
    expect(key.publicJwk.alg).toBe(alg);
  });

  it('is named by the hash of its public half', () => {
    const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    expect(key.kid).toBe(createHash('sha256').update(spki).digest('base64url'));
    expect(key.publicJwk.kid).toBe(key.kid);
  });

  it('publishes its public half and nothing else', () => {
    expect(Object.keys(key.publicJwk)).toEqual(members);
    const published = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' });
    expect(published.equals(createPublicKey(pem))).toBe(true);
  });

  it('cannot be exported', async () => {
    expect(key.privateKey.extractable).toBe(false);
    expect(key.privateKey.usages).toEqual(['sign']);
  });

  it('signs a token whose header is exactly alg and kid, with the claims as given', async () => {
    const token = await signToken({ key, claims: { sub: 'é', aud: ['b', 'a'], exp: 1 } });
    const [header = '', claims = '', signature = ''] = token.split('.');
    expect(Buffer.from(header, 'base64url').toString()).toBe(`{"alg":"${alg}","kid":"${key.kid}"}`);
    expect(Buffer.from(claims, 'base64url').toString()).toBe('{"sub":"é","aud":["b","a"],"exp":1}');
    const publicKey = { key: createPublicKey(pem), dsaEncoding: 'ieee-p1363' } as const;
    const signed = Buffer.from(`${header}.${claims}`);
    expect(verify(`sha${alg.slice(2)}`, signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });
});

describe('importSigningKey', () => {
  const messageOf = async (pem: string): Promise<string> => {
    const error = await importSigningKey(pem).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(SigningKeyError);
    expect((error as SigningKeyError).code).toBe('signing-key-invalid');
    return (error as SigningKeyError).message;
  };

  it('takes PEM with Windows line ends and space around it', async () => {
    const pem = ecPem('P-256');
    expect((await importSigningKey(`\n${pem.replaceAll('\n', '\r\n')}\n`)).kid).toBe((await importSigningKey(pem)).kid);
  });

  it('asks for PKCS#8 when it gets another format', async () => {
    const key = createPrivateKey(rsaPem(2048));
    const wanted = 'signing key must be one unencrypted PKCS#8 private key in PEM';
    expect(await messageOf(key.export({ type: 'pkcs1', format: 'pem' }).toString())).toBe(wanted);
    expect(await messageOf(key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString())).toBe(wanted);
    expect(await messageOf(createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString())).toBe(wanted);
    expect(await messageOf(`${ecPem('P-256')}${ecPem('P-256')}`)).toBe(wanted);
    expect(await messageOf('')).toBe(wanted);
  });

  it('refuses keys with which AWS would not verify', async () => {
    const wanted = 'signing key must be an RSA key or an elliptic-curve key on P-256, P-384 or P-521';
    expect(await messageOf(ecPem('secp256k1'))).toBe(wanted);
    expect(await messageOf(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())).toBe(wanted);
    expect(await messageOf('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')).toBe(wanted);
    expect(await messageOf('-----BEGIN PRIVATE KEY-----\nA=A\n-----END PRIVATE KEY-----\n')).toBe(wanted);
    expect(await messageOf(rsaPem(1024))).toBe('signing key has 1024 bits; RSA keys must have at least 2048');
  });

  it('says that a key is damaged, and shows nothing of it', async () => {
    const lines = ecPem('P-256').split('\n');
    lines[1] = `${lines[1]?.slice(0, 44)}${'A'.repeat(20)}`;
    expect(await messageOf(lines.join('\n'))).toBe('signing key cannot be read: its bytes are damaged');
  });
});
