import { generateSigningKeyPem } from '../../host/signing-key.ts';
import { importSigningKey, type SigningKey } from '../../oidc/signing-key.ts';

const AHEAD = 2;
const ready: Promise<SigningKey>[] = [];

/** A new RSA key that no sandbox of this process had before: one made ahead, where there is one. */
export async function takeSigningKey(): Promise<SigningKey> {
  return ready.shift() ?? newKey();
}

/**
 * Begins to make keys for the sandboxes to come, off the main thread. Finding its primes is most of a sandbox's start, and whoever starts one
 * in a program, as tests do, starts more.
 */
export function makeSigningKeysAhead(): void {
  while (ready.length < AHEAD) {
    const next = newKey();
    // Told to whoever takes it; until then nobody waits for it.
    next.catch(() => undefined);
    ready.push(next);
  }
}

async function newKey(): Promise<SigningKey> {
  return importSigningKey(await generateSigningKeyPem());
}
