import { constants } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { messageOf, PodroleError } from '../base/errors.ts';
import { isJsonObject } from '../base/json.ts';
import type { Credentials } from './credentials.ts';
import { withFileLock } from './internal/file-lock.ts';
import { refreshDueAt, USABLE_MARGIN_MS } from './internal/schedule.ts';
import { readInstant } from './internal/sts-answer.ts';

/** Where one user's processes share temporary credentials. */
export interface CredentialCacheOptions {
  /** Made with mode 0700 where it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly newId: () => string;
}

export interface CacheQuestion {
  /** Names identity and request; a file name. */
  readonly key: string;
  /** How to get new ones. */
  readonly obtain: () => Promise<Credentials>;
}

export interface CachedCredentials {
  readonly credentials: Credentials;
  readonly from: 'cache' | 'exchange';
}

interface Entry {
  readonly credentials: Credentials;
  readonly obtained: Date;
}

/** Bytes of the longest entry that is read. */
const MAX_BYTES = 64 * 1024;

/**
 * Credentials from the user's cache, or new ones under a lock, so that processes that start together exchange once. In their early window
 * they are renewed, and the old ones are answered if that fails. Files are 0600 and replaced whole; one that others may read or that is
 * not this user's is not believed. Rejects as `obtain`, or with `cache-folder-unsafe`.
 */
export async function cachedCredentials(
  question: CacheQuestion,
  options: CredentialCacheOptions,
  signal?: AbortSignal,
): Promise<CachedCredentials> {
  const { folder, clock } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await checkFolder(folder);
  const file = join(folder, `${question.key}.json`);
  const fresh = await readEntry(file);
  if (fresh !== undefined && isFresh(fresh, clock)) return { credentials: fresh.credentials, from: 'cache' };
  return withFileLock(
    `${file}.lock`,
    clock,
    async () => {
      const meanwhile = await readEntry(file);
      if (meanwhile !== undefined && isFresh(meanwhile, clock)) return { credentials: meanwhile.credentials, from: 'cache' };
      try {
        const credentials = await question.obtain();
        await writeEntry(file, { credentials, obtained: clock.now() }, options.newId());
        return { credentials, from: 'exchange' };
      } catch (error) {
        if (meanwhile !== undefined && remaining(meanwhile, clock) > USABLE_MARGIN_MS)
          return { credentials: meanwhile.credentials, from: 'cache' };
        await rm(file, { force: true });
        throw error;
      }
    },
    signal,
  );
}

/** The cache of a user: `XDG_CACHE_HOME`, else the platform's own place below the home folder; `undefined` without a home. */
export function userCacheFolder(env: Readonly<Record<string, string | undefined>>, platform: string): string | undefined {
  const { XDG_CACHE_HOME: xdg, HOME: home, LOCALAPPDATA: local } = env;
  const base = xdg?.startsWith('/')
    ? xdg
    : platform === 'win32'
      ? local
      : home
        ? join(home, platform === 'darwin' ? 'Library/Caches' : '.cache')
        : undefined;
  return base ? join(base, 'podrole', 'credentials') : undefined;
}

async function checkFolder(folder: string): Promise<void> {
  const { uid, mode } = await stat(folder);
  const mine = process.getuid === undefined || uid === process.getuid();
  if (!mine || (process.platform !== 'win32' && (mode & 0o022) !== 0))
    throw new PodroleError(`cache folder ${folder} can be written by others`, {
      code: 'cache-folder-unsafe',
      hint: `chmod 700 ${folder}, or do without: --no-cache`,
    });
}

const remaining = ({ credentials }: Entry, clock: Clock): number => credentials.expiration.getTime() - clock.now().getTime();

function isFresh(entry: Entry, clock: Clock): boolean {
  const life = entry.credentials.expiration.getTime() - entry.obtained.getTime();
  return remaining(entry, clock) > Math.max(USABLE_MARGIN_MS, refreshDueAt(life, 0)) && entry.obtained.getTime() <= clock.now().getTime();
}

/** An entry that is this user's alone and whole; anything else counts as absent. */
async function readEntry(file: string): Promise<Entry | undefined> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { uid, mode, size } = await handle.stat();
    const mine = process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
    return mine && size <= MAX_BYTES ? parseEntry(await handle.readFile('utf8')) : undefined;
  } finally {
    await handle.close();
  }
}

function parseEntry(text: string): Entry | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json) || json.version !== 1) return undefined;
  const { accessKeyId, secretAccessKey, sessionToken, accountId } = json;
  const [expiration, obtained] = [json.expiration, json.obtained].map((value) =>
    typeof value === 'string' ? readInstant(value) : undefined,
  );
  if (
    typeof accessKeyId !== 'string' ||
    typeof secretAccessKey !== 'string' ||
    typeof sessionToken !== 'string' ||
    !expiration ||
    !obtained
  )
    return undefined;
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken, expiration, ...(typeof accountId === 'string' ? { accountId } : {}) },
    obtained,
  };
}

async function writeEntry(file: string, { credentials, obtained }: Entry, id: string): Promise<void> {
  const next = `${file}.${id}`;
  try {
    const handle = await open(next, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify({ version: 1, ...credentials, obtained }));
    } finally {
      await handle.close();
    }
    await rename(next, file);
  } catch (cause) {
    await rm(next, { force: true });
    throw new PodroleError(`credentials cannot be kept in ${file}: ${messageOf(cause)}`, {
      code: 'cache-not-written',
      hint: 'do without: --no-cache',
      cause,
    });
  }
}
