import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file's text, or `undefined` when there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** As {@link replaceFileNow}, for callers that await their files. */
export async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  replaceFileNow(file, text, mode);
}

/**
 * Replaces a file whole: whoever opens it gets the old text or the new one, also after a power cut. It is on the disk when this returns,
 * with this mode whatever mode it had. A symbolic link is replaced, not followed.
 */
export function replaceFileNow(file: string, text: string, mode: number): void {
  const next = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const fd = openSync(next, 'wx', mode);
    try {
      // Writes all of it or throws, where one `writeSync` may write a part.
      writeFileSync(fd, text);
      fchmodSync(fd, mode);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(next, file);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
  syncFolder(dirname(file));
}

/** Brings a folder's names to the disk: those of new files, and those that were renamed. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
