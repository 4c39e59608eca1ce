import type { EventEmitter } from 'node:events';

/** Signals that end a command, and those that only another program may want. */
type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
type HandedOnSignal = EndSignal | 'SIGQUIT' | 'SIGUSR2';

/** Hands every signal to `listener` and to nobody else, until the answered function is called. */
export type TakeSignals = (listener: (signal: HandedOnSignal) => void) => () => void;

interface SignalsOptions {
  readonly source: EventEmitter;
  readonly onFirst: (signal: EndSignal) => void;
  readonly onAgain: () => void;
}

/** The one place that listens to the process's signals. */
export function createSignals({ source, onFirst, onAgain }: SignalsOptions): { readonly take: TakeSignals } {
  let taker: ((signal: HandedOnSignal) => void) | undefined;
  let ending = false;
  // A terminal that closes says SIGHUP.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    source.on(name, () => {
      if (taker !== undefined) taker(name);
      else if (ending) onAgain();
      else {
        ending = true;
        onFirst(name);
      }
    });
  }
  return {
    take: (listener) => {
      taker = listener;
      // Otherwise these end the process at once; that is left so for every other command.
      const others = (['SIGQUIT', 'SIGUSR2'] as const).map((name) => {
        const hand = (): void => listener(name);
        source.on(name, hand);
        return () => source.off(name, hand);
      });
      return () => {
        taker = undefined;
        for (const stop of others) stop();
      };
    },
  };
}
