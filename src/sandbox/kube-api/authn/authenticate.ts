import type { ApiContext, User } from '../context.ts';
import { unauthorized } from '../status/refusal.ts';
import { authenticateToken } from '../tokens/token-review.ts';
import { tokenJudge } from './service-account-tokens.ts';

/** The users with a fixed token, by token. */
export type StaticUsers = ReadonlyMap<string, { readonly username: string; readonly uid?: string; readonly groups?: readonly string[] }>;

const AUTHENTICATED = 'system:authenticated';

/**
 * Who sent a request: a user with a fixed token, or a service account by a token of this server for the API's audience.
 * `undefined`: no credentials were sent. Throws a 401 Refusal for credentials that are not accepted.
 */
export async function authenticate(context: ApiContext, users: StaticUsers, request: Request): Promise<User | undefined> {
  const header = request.headers.get('authorization');
  if (header === null) return undefined;
  const token = /^bearer\s+(\S+)$/i.exec(header.trim())?.[1];
  if (token === undefined) return undefined;
  const known = users.get(token);
  if (known) {
    const groups = known.groups ?? [];
    return { ...known, groups: groups.includes(AUTHENTICATED) ? groups : [...groups, AUTHENTICATED] };
  }
  const verdict = await authenticateToken(token, [], tokenJudge(context));
  if (!verdict.ok) throw unauthorized();
  return verdict.user;
}
