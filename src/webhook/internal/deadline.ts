import type { Clock } from '../../base/clock.ts';

/** A limit in time on one piece of I/O. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Rejects when the time is up, even where the work ignores the signal. */
  race<T>(work: Promise<T>): Promise<T>;
  /** To be called when the work is done. */
  cancel(): void;
}

/** Aborts after `ms` milliseconds with an error that says `message`. */
export function deadline(clock: Clock, ms: number, message: string): Deadline {
  const controller = new AbortController();
  const timer = clock.after(ms, () => controller.abort(new Error(message)));
  const up = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  up.catch(() => undefined);
  return { signal: controller.signal, race: (work) => Promise.race([work, up]), cancel: () => timer.cancel() };
}
