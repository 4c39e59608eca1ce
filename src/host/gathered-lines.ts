import type { LogDestination } from './json-log.ts';

/** Text is written at the latest after this long, in milliseconds, */
const DELAY_MS = 10;
/** or before there would be more than this of it, in characters: what a pipe takes whole (PIPE_BUF), so that processes that share one never tear each other's lines. */
const FULL = 4 * 1024;

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
      if (pending.length + text.length > FULL) flush();
      pending += text;
      if (pending.length >= FULL) flush();
      else timer ??= setTimeout(flush, DELAY_MS).unref();
    },
    flush,
  };
}
