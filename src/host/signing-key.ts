import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

/**
 * A new RSA key of 2,048 bits for service account tokens, PKCS#8 PEM. Made off the main thread.
 * The generator is asked for PEM and never for a KeyObject: on Node 20 exporting one straight from the generator can deadlock.
 */
export async function generateSigningKeyPem(): Promise<string> {
  const { privateKey } = await generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return privateKey;
}
