import { generateSigningKeyPem } from '../../host/signing-key.ts';
import { importSigningKey, type SigningKey } from '../../oidc/signing-key.ts';

/** Keys made ahead once a first sandbox was started: who starts one, as tests do, starts more. */
const AHEAD = 2;
const ready: Promise<SigningKey>[] = [];

/**
 * A new RSA key that no sandbox of this process had before. Finding its primes is most of a sandbox's start, so the next ones are made
 * beside the running one.
 */
export async function takeSigningKey(): Promise<SigningKey> {
  const taken = await (ready.shift() ?? newKey());
  while (ready.length < AHEAD) {
    const next = newKey();
    // Told to whoever takes it; until then nobody waits for it.
    next.catch(() => undefined);
    ready.push(next);
  }
  return taken;
}

async function newKey(): Promise<SigningKey> {
  return importSigningKey(await generateSigningKeyPem());
}
