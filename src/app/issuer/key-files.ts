import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { messageOf, PodroleError, type Problem } from '../../base/errors.ts';
import { IssuerInputError } from '../../issuer/errors.ts';
import { type KeyMaterial, publishedKeys } from '../../issuer/published-keys.ts';
import type { PublicJwk } from '../../oidc/key-set.ts';

/** Kinds of keys that AWS verifies with. */
export const KEY_KINDS = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'p-256', 'p-384', 'p-521'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

export interface KeyFiles {
  readonly privateFile: string;
  readonly publicFile: string;
}

const generate = promisify(generateKeyPair);

/** PEM and never a KeyObject: exporting one straight from the generator can deadlock on Node 20. */
const PUBLIC_PEM: { type: 'spki'; format: 'pem' } = { type: 'spki', format: 'pem' };
const PRIVATE_PEM: { type: 'pkcs8'; format: 'pem' } = { type: 'pkcs8', format: 'pem' };

async function newPair(kind: KeyKind): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const [family, size = ''] = kind.split('-');
  return family === 'rsa'
    ? generate('rsa', { modulusLength: Number(size), publicKeyEncoding: PUBLIC_PEM, privateKeyEncoding: PRIVATE_PEM })
    : generate('ec', { namedCurve: `P-${size}`, publicKeyEncoding: PUBLIC_PEM, privateKeyEncoding: PRIVATE_PEM });
}

/**
 * Makes a pair and writes it: the private key PKCS#8, mode 0600, the public one SPKI. Never overwrites: with either file there it rejects
 * with `key-file-exists`, and nothing was written.
 */
export async function generateKeyFiles(kind: KeyKind, files: KeyFiles): Promise<PublicJwk> {
  const pair = await newPair(kind);
  await writeNew(files.privateFile, pair.privateKey, 0o600);
  try {
    await writeNew(files.publicFile, pair.publicKey, 0o644);
  } catch (error) {
    // It is the one that was made a moment ago: nobody can have used it.
    await rm(files.privateFile);
    throw error;
  }
  const [key] = await readKeys([files.publicFile]);
  if (key === undefined) throw new PodroleError(`${files.publicFile} holds no key`, { code: 'key-file-empty' });
  return key;
}

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    const handle = await open(file, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.chmod(mode);
      await handle.sync();
    } catch (error) {
      // Half a key is in the way of the next one.
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new PodroleError(`${file} is there already, and a signing key is never overwritten`, {
      code: 'key-file-exists',
      hint: 'give another name, or move the old key to where it is kept',
      cause,
    });
  }
}

/** The public halves of all keys in some files, as an issuer publishes them. Rejects with `IssuerInputError`, every problem in it. */
export async function readKeys(files: readonly string[]): Promise<readonly PublicJwk[]> {
  const problems: Problem[] = [];
  const materials: KeyMaterial[] = [];
  for (const file of files) {
    try {
      materials.push(...materialsIn(await readFile(file, 'utf8'), file));
    } catch (error) {
      problems.push({ path: file, message: messageOf(error) });
    }
  }
  const keys = problems.length === 0 ? await publishedKeys(materials) : { ok: false as const, problems };
  if (keys.ok) return keys.keys;
  throw new IssuerInputError('these are no keys for an issuer', keys.problems);
}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Every key of a file: PKCS#8, PKCS#1, SEC 1, SPKI, or a certificate, as kube-apiserver reads its --service-account-key-file. */
function materialsIn(text: string, file: string): readonly KeyMaterial[] {
  // Beside an EC key OpenSSL writes its curve once more.
  const blocks = [...text.matchAll(PEM)].filter(([, label]) => label !== 'EC PARAMETERS');
  if (blocks.length === 0)
    throw new Error(
      /^(?:ssh-(?:rsa|ed25519)|ecdsa-sha2)/.test(text)
        ? `it is an OpenSSH public key; convert it: ssh-keygen -e -m PKCS8 -f ${file}`
        : 'it holds no key in PEM form',
    );
  return blocks.map(([block, label]) => materialOf(block, label ?? '', file));
}

function materialOf(pem: string, label: string, file: string): KeyMaterial {
  if (label === 'OPENSSH PRIVATE KEY') throw new Error(`it is an OpenSSH private key; convert it: ssh-keygen -p -m PKCS8 -f ${file}`);
  if (label.startsWith('ENCRYPTED')) throw new Error(`it is encrypted; give the public half: openssl pkey -in ${file} -pubout`);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new Error(`its ${label} cannot be read`, { cause });
  }
  const jwk = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ec' ? jwkOf(key) : { kty: key.asymmetricKeyType ?? 'unknown' };
  return { from: file, spki: new Uint8Array(key.export({ type: 'spki', format: 'der' })), jwk };
}

function jwkOf(key: KeyObject): KeyMaterial['jwk'] {
  try {
    return key.export({ format: 'jwk' });
  } catch {
    // A curve that has no name in JWK.
    return { kty: `EC ${key.asymmetricKeyDetails?.namedCurve ?? ''}`.trim() };
  }
}
