import { performance } from 'node:perf_hooks';
import type { Clock } from '../base/clock.ts';

/** The machine's own time. Timers do not keep the process alive when `unref` is set. */
export function systemClock(options: { readonly unref?: boolean } = {}): Clock {
  return {
    now: () => new Date(),
    monotonic: () => performance.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      if (options.unref) timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
}
