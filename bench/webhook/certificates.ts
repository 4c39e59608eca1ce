import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cryptoProvider, X509CertificateGenerator } from '@peculiar/x509';

export type KeyKind = 'P-256' | 'RSA-2048';

/** A self-signed certificate of a kind of key, as files. */
export async function writeCertificate(folder: string, kind: KeyKind): Promise<{ readonly certFile: string; readonly keyFile: string }> {
  cryptoProvider.set(webcrypto as Crypto);
  const algorithm =
    kind === 'P-256'
      ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const now = Date.now();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['127.0.0.1'] }],
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + 86_400_000),
    keys,
    signingAlgorithm: algorithm,
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const files = { certFile: join(folder, `${kind}.crt`), keyFile: join(folder, `${kind}.key`) };
  await writeFile(files.certFile, certificate.toString('pem'));
  await writeFile(files.keyFile, `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`, { mode: 0o600 });
  return files;
}
