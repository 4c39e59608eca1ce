import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import type { PodroleError } from '../base/errors.ts';

const TRIES = 10;

/**
 * Takes a lock file for this process alone; answers the way out. A process that was killed leaves its lock behind, which the next one
 * takes over: a lock names its process and when that started. Throws what `inUse` makes of the holder's number while the holder lives, or
 * of `undefined` when others take the lock all the time.
 */
export function takeProcessLock(lock: string, inUse: (pid: number | undefined) => PodroleError): () => void {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid), nonce: randomBytes(8).toString('hex') });
  const draft = `${lock}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      // A link is made whole or not at all, and never over another.
      if (attempted(() => linkSync(draft, lock), 'EEXIST')) {
        return () => {
          if (read(lock) === mine) unlinkSync(lock);
        };
      }
      const held = read(lock);
      if (held === undefined) continue;
      const { pid, started } = JSON.parse(held) as { readonly pid: number; readonly started: string };
      if (isAlive(pid, started)) throw inUse(pid);
      dropStale(lock, held, `${draft}.stale`);
    }
    throw inUse(undefined);
  } finally {
    unlinkSync(draft);
  }
}

/** Moves the dead process's lock away. If somebody took the lock over meanwhile, it is theirs that was moved: it is put back. */
function dropStale(lock: string, stale: string, aside: string): void {
  if (!attempted(() => renameSync(lock, aside), 'ENOENT')) return;
  if (read(aside) !== stale) attempted(() => linkSync(aside, lock), 'EEXIST');
  unlinkSync(aside);
}

function read(file: string): string | undefined {
  let text: string | undefined;
  attempted(() => {
    text = readFileSync(file, 'utf8');
  }, 'ENOENT');
  return text;
}

/** Whether it was done; `false` for the one error that is expected. */
function attempted(act: () => void, expected: string): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === expected) return false;
    throw error;
  }
}

function isAlive(pid: number, started: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return started === startOf(pid);
}

/** When a process started, where the system tells; it makes a number that was given anew another process. Else always the same. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
