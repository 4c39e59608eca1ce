import type { EventEmitter } from 'node:events';

export type TerminationSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

export interface TerminationOptions {
  /** The first one: begin to stop. */
  readonly onFirst: (signal: TerminationSignal) => void;
  /** Any further one: somebody is impatient. Default: exit at once with 128 + the signal's number. */
  readonly onAgain?: (signal: TerminationSignal) => void;
  /** Default SIGTERM and SIGINT. */
  readonly signals?: readonly TerminationSignal[];
  /** Where signals come from; default the process. */
  readonly source?: EventEmitter;
}

const NUMBERS: Readonly<Record<TerminationSignal, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/** The exit code by which shells and Kubernetes know a process that ended by a signal. */
export function exitCodeOf(signal: TerminationSignal): number {
  return 128 + NUMBERS[signal];
}

/** Listens for the end. Returns the way out. */
export function onTermination(options: TerminationOptions): () => void {
  const source = options.source ?? process;
  const again = options.onAgain ?? ((signal: TerminationSignal) => process.exit(exitCodeOf(signal)));
  let count = 0;
  const listeners = (options.signals ?? ['SIGTERM', 'SIGINT']).map((signal) => {
    const listener = (): void => {
      count += 1;
      if (count === 1) options.onFirst(signal);
      else again(signal);
    };
    source.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) source.off(signal, listener);
  };
}
