import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import type { PodroleError } from '../base/errors.ts';
import { type ProcessIdentity, processState, readProcessIdentity, thisProcess } from './process-identity.ts';

const TRIES = 10;

/**
 * Why a lock cannot be had: a process holds it; one did that cannot be looked at from here, on another machine or in another container;
 * the file says nothing of a holder; or others take it all the time.
 */
export type LockRefusal =
  | { readonly why: 'held' | 'held-elsewhere'; readonly lock: string; readonly holder: ProcessIdentity }
  | { readonly why: 'unreadable' | 'contended'; readonly lock: string };

/**
 * Takes a lock file for this process alone; answers the way out. A process that was killed leaves its lock behind, which the next one of
 * the same machine and container takes over: a lock names its process and when that started. A lock from elsewhere is never taken over.
 * Throws what `refuse` makes of the reason.
 */
export function takeProcessLock(lock: string, refuse: (refusal: LockRefusal) => PodroleError): () => void {
  const mine = JSON.stringify({ ...thisProcess(), nonce: randomBytes(8).toString('hex') });
  const draft = `${lock}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeSynced(draft, mine);
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
      const holder = holderIn(held);
      if (holder === undefined) throw refuse({ why: 'unreadable', lock });
      const state = processState(holder);
      if (state !== 'gone') throw refuse({ why: state === 'alive' ? 'held' : 'held-elsewhere', lock, holder });
      dropStale(lock, held, `${draft}.stale`);
    }
    throw refuse({ why: 'contended', lock });
  } finally {
    unlinkSync(draft);
  }
}

/** On the disk before it becomes the lock: a power cut leaves no lock without a name in it. */
function writeSynced(file: string, text: string): void {
  const fd = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function holderIn(text: string): ProcessIdentity | undefined {
  try {
    return readProcessIdentity(JSON.parse(text));
  } catch {
    return undefined;
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
