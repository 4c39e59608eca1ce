import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority } from '../../../src/host/authority.ts';
import { listen } from '../../../src/host/listen.ts';
import { generateSigningKeyPem } from '../../../src/host/signing-key.ts';
import { systemClock } from '../../../src/host/system-clock.ts';
import { signToken } from '../../../src/oidc/sign-token.ts';
import { importSigningKey } from '../../../src/oidc/signing-key.ts';
import { issuerHandler } from '../../../src/sandbox/issuer/issuer-handler.ts';

export const ISSUER = 'https://issuer.clients.podrole.test';
/** Registered, and nobody listens there. */
export const SILENT_ISSUER = 'https://silent.clients.podrole.test';
export const SUBJECT = 'system:serviceaccount:clients:tester';

type Claims = Readonly<Record<string, unknown>>;

/** An issuer of the test's own, so that any token can be signed. */
export interface Issuer {
  /** Flags of `podrole sandbox start` by which the sandbox finds it. */
  readonly flags: readonly string[];
  /** A token that is in order but for `claims`; `undefined` leaves a claim out. */
  token(claims?: Claims): Promise<string>;
  /** A token in order, signed by a key that the issuer does not publish, under `kid` or its own. */
  forged(kid?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(folder: string): Promise<Issuer> {
  const authority = await createAuthority({ clock: systemClock(), commonName: 'clients' });
  const host = new URL(ISSUER).host;
  const certificate = await authority.issue({ commonName: host, dnsNames: [host] });
  const [key, other] = await Promise.all([newKey(), newKey()]);
  const listener = await listen({
    handler: issuerHandler({ issuer: ISSUER, keys: () => [key.publicJwk] }),
    tls: { cert: certificate.certPem, key: certificate.keyPem },
    port: 0,
  });
  const ca = join(folder, 'issuer-ca.crt');
  await writeFile(ca, authority.caPem);
  const claimsWith = (claims: Claims): never => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: ISSUER, sub: SUBJECT, aud: 'client-a', iat: now, exp: now + 900, ...claims } as never;
  };
  return {
    flags: ['--issuer-resolve', `${host}=127.0.0.1:${listener.port}`, '--issuer-ca', ca],
    token: (claims = {}) => signToken({ key, claims: claimsWith(claims) }),
    forged: (kid = key.kid) => signToken({ key: { ...other, kid }, claims: claimsWith({}) }),
    close: () => listener.close(0),
  };
}

async function newKey() {
  return importSigningKey(await generateSigningKeyPem());
}
