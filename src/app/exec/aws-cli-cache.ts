import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the AWS CLI keeps the session of a role and session name between its runs, under the user's home whatever else is set: the SHA-1
 * of the request's arguments as Python writes them (botocore, `AssumeRoleWithWebIdentityCredentialFetcher`). Neither the token nor its
 * subject is part of the name, so that a session left behind would be used for another service account.
 */
export function awsCliCacheFile(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { AWS_ROLE_ARN: role, AWS_ROLE_SESSION_NAME: session } = env;
  if (role === undefined || session === undefined) return undefined;
  const args = `{"RoleArn": ${JSON.stringify(role)}, "RoleSessionName": ${JSON.stringify(session)}}`;
  return join(env.HOME || homedir(), '.aws/cli/cache', `${createHash('sha1').update(args).digest('hex')}.json`);
}

/** Removes that session, if there is one. */
export async function removeAwsCliSession(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const file = awsCliCacheFile(env);
  if (file !== undefined) await rm(file, { force: true });
}
