import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { CachedCredentials } from '../credentials/credential-cache.ts';
import { userCacheFolder } from '../credentials/credential-cache.ts';
import { processDocument, shellExports } from '../credentials/format-credentials.ts';
import { issueCredentials } from '../credentials/issue-credentials.ts';
import type { ServiceAccountOptions } from '../credentials/options.ts';
import { systemClock } from '../host/system-clock.ts';
import { type ClusterAccess, connectCluster } from './cluster-connection.ts';
import type { IdentityArgument } from './exec/identity-argument.ts';
import { issueToken, resolveIdentity } from './exec/resolve-identity.ts';
import { isInTokenFolder, openTokenFolder } from './exec/token-folder.ts';

export interface CredentialsOptions {
  /** Whose; absent: this process's own, as its environment says. */
  readonly identity: IdentityArgument | undefined;
  readonly account: ServiceAccountOptions;
  readonly cluster: Omit<ClusterAccess, 'userAgent'>;
  /** Whether processes of this user may share them through files. */
  readonly cache: boolean;
}

/** Temporary credentials, for a program that hands them on. Rejects as `issueCredentials`; with an identity also as `runExec`. */
export async function runCredentials(options: CredentialsOptions, signal: AbortSignal): Promise<CachedCredentials> {
  const { cluster, account, identity } = options;
  const clock = systemClock();
  const ownToken = identity === undefined ? (account.tokenFile ?? cluster.env.AWS_WEB_IDENTITY_TOKEN_FILE) : undefined;
  // Below `podrole exec`, which leaves nothing behind.
  const passing = ownToken !== undefined && isInTokenFolder(ownToken);
  const folder = options.cache && !passing ? userCacheFolder(cluster.env, process.platform) : undefined;
  const cache = folder === undefined ? undefined : { folder, clock, newId: randomUUID };
  if (identity === undefined) return issueCredentials({ account, env: cluster.env, cache }, signal);
  return asOther({ ...options, identity, cache }, signal);
}

/** The credentials of an account of a cluster: its token is asked for, lies in a folder for the time of the exchange, and is gone. */
async function asOther(
  {
    identity,
    cluster,
    account,
    cache,
  }: Omit<CredentialsOptions, 'cache' | 'identity'> & {
    readonly identity: IdentityArgument;
    readonly cache: { readonly folder: string; readonly clock: Clock; readonly newId: () => string } | undefined;
  },
  signal: AbortSignal,
): Promise<CachedCredentials> {
  const { client } = await connectCluster({ ...cluster, userAgent: 'podrole-credentials' });
  const folder = await openTokenFolder(cluster.env);
  try {
    const found = await resolveIdentity(client, identity, { roleArn: account.roleArn, audience: account.audience }, signal);
    const { token } = await issueToken(client, found, signal);
    await folder.write(token);
    const region = account.region ?? found.variables.AWS_REGION;
    const sessionName = account.sessionName ?? found.variables.AWS_ROLE_SESSION_NAME;
    return await issueCredentials(
      {
        account: {
          ...account,
          roleArn: found.roleArn,
          tokenFile: folder.tokenFile,
          ...(region === undefined ? {} : { region }),
          ...(sessionName === undefined ? {} : { sessionName }),
        },
        env: { ...cluster.env, AWS_ROLE_SESSION_NAME: undefined },
        cache,
      },
      signal,
    );
  } finally {
    client.close();
    await folder.remove();
  }
}

/** The document that `credential_process` reads, or assignments for a shell. */
export function render({ credentials }: CachedCredentials, format: 'process' | 'env'): string {
  return format === 'process' ? processDocument(credentials) : shellExports(credentials);
}
