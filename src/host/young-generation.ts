import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the young generation of the heap as small as it is now. V8 lets it grow to 32 MiB wherever much survives, as in a large list, and never
 * gives that back to a process that stays busy; a server whose requests live for less than a millisecond has no use for it.
 * The flag is read at each growth and at no other time, so to set it late is safe.
 */
export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
