import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { type Authority, createAuthority } from '../../host/authority.ts';
import type { SigningKey } from '../../oidc/signing-key.ts';
import { takeSigningKey } from './signing-keys.ts';

/** What makes one sandbox that sandbox, as its clients know it. */
export interface WorldIdentity {
  /** `iss` of the sandbox's own cluster. */
  readonly issuer: string;
  /** Signs every certificate. */
  readonly authority: Authority;
  /** Signs service account tokens of the sandbox's own cluster. */
  readonly signingKey: SigningKey;
  /** Bearer token of the cluster's administrator. */
  readonly adminToken: string;
  /** Ports that it had before, to be had again where they are free; 0: none. */
  readonly ports: { readonly kube: number; readonly aws: number };
}

/** A sandbox that nobody knows yet. */
export async function newIdentity(options: { readonly region: string; readonly clock: Clock }): Promise<WorldIdentity> {
  const [authority, signingKey] = await Promise.all([
    createAuthority({ clock: options.clock, commonName: 'podrole sandbox' }),
    takeSigningKey(),
  ]);
  return {
    issuer: `https://oidc.eks.${options.region}.podrole.test/id/${randomBytes(16).toString('hex').toUpperCase()}`,
    authority,
    signingKey,
    adminToken: randomBytes(24).toString('base64url'),
    ports: { kube: 0, aws: 0 },
  };
}
