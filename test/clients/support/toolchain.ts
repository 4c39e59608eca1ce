import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const FETCH_MS = 300_000;

/** Where foreign clients are kept between runs: in the user's cache, never in the repository. */
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'podrole-clients');

/** Runs a tool with the developer's own environment: fetching packages is the one thing here that may leave the machine. */
export async function tool(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return run(command, args, { cwd: options.cwd, env: { ...env, ...options.env }, timeout: FETCH_MS, maxBuffer: 16 << 20 });
}

/** A driver of the project's own that does not compile: a failure, where a package that cannot be fetched is a reason to skip. */
class DriverBroken extends Error {}

/** Compiles a driver, without fetching anything. */
export async function compile(...call: Parameters<typeof tool>): Promise<void> {
  try {
    await tool(...call);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') throw error;
    throw new DriverBroken((error as { stderr?: string }).stderr ?? String(error));
  }
}

export type Built = { readonly folder: string } | { readonly skipped: string };

/**
 * A folder of the cache that `build` fills once for these very sources; a folder half filled is never used. What fails is a reason to
 * skip, not a failure: toolchain and packages are not the project's.
 */
export async function built(name: string, sources: readonly string[], build: (folder: string) => Promise<void>): Promise<Built> {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(await readFile(source));
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(join(folder, '.complete'))) return { folder };
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await build(folder);
    await mkdir(join(folder, '.partial'));
    await rename(join(folder, '.partial'), join(folder, '.complete'));
    return { folder };
  } catch (error) {
    if (error instanceof DriverBroken) throw error;
    return { skipped: reasonOf(error) };
  }
}

/** The last thing that a tool said. */
function reasonOf(error: unknown): string {
  const { code, stderr = '', message = '' } = error as { code?: unknown; stderr?: string; message?: string };
  if (code === 'ENOENT') return message.replace(/^spawn /, '').replace(' ENOENT', ' is not installed');
  return (stderr.trim() || message).split('\n').at(-1)?.slice(0, 200) ?? 'unknown';
}
