import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readConfiguration } from './configuration.ts';
import { type CachedCredentials, type CredentialCacheOptions, cachedCredentials } from './credential-cache.ts';
import type { Credentials } from './credentials.ts';
import { readEnvironment } from './environment.ts';
import { openCredentials } from './from-service-account.ts';
import { readClaims } from './internal/token-claims.ts';
import type { ServiceAccountOptions } from './options.ts';

export interface IssueOptions {
  readonly account: ServiceAccountOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent: nothing is kept. */
  readonly cache: CredentialCacheOptions | undefined;
}

/** The credentials of this identity, once, for a process that hands them on. Rejects with `CredentialsUnavailable`, or as `cachedCredentials`. */
export async function issueCredentials({ account, env, cache }: IssueOptions, signal?: AbortSignal): Promise<CachedCredentials> {
  const variables = readEnvironment(env);
  const obtain = async (): Promise<Credentials> => openCredentials(account, variables).get();
  const reading = readConfiguration(account, variables);
  if (cache === undefined || reading.kind !== 'configured') return { credentials: await obtain(), from: 'exchange' };
  const { tokenFile, ...request } = reading.configuration;
  const token = await readFile(tokenFile, 'utf8').catch(() => undefined);
  // Whose credentials they are is in the token, not in the name of its file. Without one, the exchange says what is wrong.
  if (token === undefined) return { credentials: await obtain(), from: 'exchange' };
  const claims = readClaims(token.trim());
  const identity = claims.ok ? claims.claims.identity : sha256(token);
  const key = sha256(JSON.stringify([1, request, account.roleChain ?? [], identity])).slice(0, 40);
  return cachedCredentials({ key, obtain }, cache, signal);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
