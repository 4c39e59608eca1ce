import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { openProcessFolder } from '../process-folder.ts';

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
  const folder = await openProcessFolder(parent, PREFIX);
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

/** Whether a token's file lies in such a folder: what is had for it must not outlive it. */
export function isInTokenFolder(file: string): boolean {
  return basename(dirname(file)).startsWith(PREFIX);
}

async function parentFolder(runtime: string | undefined): Promise<string> {
  if (runtime === undefined || runtime === '') return tmpdir();
  const found = await stat(runtime).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === process.getuid?.() ? runtime : tmpdir();
}
