import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { KeyMaterial } from '../../src/issuer/published-keys.ts';
import { importSigningKey, type SigningKey } from '../../src/oidc/signing-key.ts';

/** A key of a test, as a file would hold it. */
export interface TestKey {
  readonly pem: string;
  readonly material: KeyMaterial;
  readonly signing: SigningKey;
}

export const ISSUER = 'https://oidc.example.com/clusters/a';

/** PEM and never a KeyObject: exporting one straight from the generator can deadlock on Node 20. */
const PUBLIC_PEM: { type: 'spki'; format: 'pem' } = { type: 'spki', format: 'pem' };
const PRIVATE_PEM: { type: 'pkcs8'; format: 'pem' } = { type: 'pkcs8', format: 'pem' };

export async function testKey(kind: 'P-256' | 'P-384' | 'P-521' | 'RSA' = 'P-256'): Promise<TestKey> {
  const { privateKey } =
    kind === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: PUBLIC_PEM, privateKeyEncoding: PRIVATE_PEM })
      : generateKeyPairSync('ec', { namedCurve: kind, publicKeyEncoding: PUBLIC_PEM, privateKeyEncoding: PRIVATE_PEM });
  return { pem: privateKey, material: materialOf(createPublicKey(privateKey), `${kind}.pem`), signing: await importSigningKey(privateKey) };
}

export function materialOf(key: KeyObject, from: string): KeyMaterial {
  return { from, spki: new Uint8Array(key.export({ type: 'spki', format: 'der' })), jwk: key.export({ format: 'jwk' }) };
}
