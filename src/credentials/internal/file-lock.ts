import { open, rm, stat } from 'node:fs/promises';
import { type Clock, sleep } from '../../base/clock.ts';

const POLL_MS = 25;
/** Milliseconds after which a lock's holder counts as dead; longer than any series of exchanges. */
const STALE_MS = 45_000;

/**
 * Runs `task` while no other process of this machine runs one under the same lock file. A lock whose holder died is taken over: two who
 * see that at once may both go on, which costs an exchange and nothing else, as files are replaced whole.
 */
export async function withFileLock<T>(file: string, clock: Clock, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    try {
      const handle = await open(file, 'wx', 0o600);
      await handle.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const held = await stat(file).catch(() => undefined);
    if (held !== undefined && clock.now().getTime() - held.mtimeMs > STALE_MS) await rm(file, { force: true });
    else await sleep(clock, POLL_MS, signal);
  }
  try {
    return await task();
  } finally {
    await rm(file, { force: true });
  }
}
