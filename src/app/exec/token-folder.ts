import { chmod, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that only its owner may enter, for one token that is replaced while it is in use. */
export interface TokenFolder {
  readonly tokenFile: string;
  /** A file without content. */
  readonly emptyFile: string;
  /** Replaces the token: whoever opens the file gets the old one or the new one, whole. */
  write(token: string): Promise<void>;
  /** Removes everything; twice is fine. */
  remove(): Promise<void>;
}

const PREFIX = 'podrole-exec-';

/** Makes the folder, in memory where the system has a place for that (`XDG_RUNTIME_DIR`), and removes what killed runs of this user left there. */
export async function openTokenFolder(env: Readonly<Record<string, string | undefined>>): Promise<TokenFolder> {
  const parent = await parentFolder(env.XDG_RUNTIME_DIR);
  await sweep(parent);
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
  await chmod(folder, 0o700);
  const tokenFile = join(folder, 'token');
  const emptyFile = join(folder, 'empty');
  await writeFile(emptyFile, '', { mode: 0o600 });
  return {
    tokenFile,
    emptyFile,
    write: async (token) => {
      const next = join(folder, '.next');
      await writeFile(next, token, { mode: 0o600 });
      await rename(next, tokenFile);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function parentFolder(runtime: string | undefined): Promise<string> {
  if (runtime === undefined || runtime === '') return tmpdir();
  const found = await stat(runtime).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === process.getuid?.() ? runtime : tmpdir();
}

/** Folders of this user whose process is gone: it was killed in a way that leaves no time to tidy up. */
async function sweep(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const pid = /^podrole-exec-(\d+)-\w{6}$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(parent, name);
    const found = await stat(folder).catch(() => undefined);
    if (found?.uid === process.getuid?.()) await rm(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
