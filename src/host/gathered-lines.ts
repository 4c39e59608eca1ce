import type { LogDestination } from './json-log.ts';

/** Text is written at the latest after this long, in milliseconds, */
const DELAY_MS = 10;
/** or once there is this much of it, in characters. */
const FULL = 16 * 1024;

/** Gathers text for a moment: under load one write carries the lines of many requests, and a write is most of what a line costs. */
export interface GatheredLines extends LogDestination {
  /** Writes what is left, to be called at the end. */
  flush(): void;
}

export function gatheredLines(destination: LogDestination): GatheredLines {
  let pending = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = pending;
    pending = '';
    if (text !== '') destination.write(text);
  };
  return {
    write: (text) => {
      pending += text;
      if (pending.length >= FULL) flush();
      else timer ??= setTimeout(flush, DELAY_MS).unref();
    },
    flush,
  };
}
