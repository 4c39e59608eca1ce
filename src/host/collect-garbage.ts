import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects all garbage now and moves what lives together, so that the pages in between go back to the machine: a pause of some ten milliseconds.
 * For the one moment when much was read and little of it kept, as after a first large list; V8 by itself would keep those pages for the life
 * of the process.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') return;
  setFlagsFromString('--compact-on-every-full-gc');
  collect();
  setFlagsFromString('--no-compact-on-every-full-gc');
}
