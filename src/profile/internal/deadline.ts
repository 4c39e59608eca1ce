import type { Clock } from '../../base/clock.ts';
import { PodroleError } from '../../base/errors.ts';

/** What bounds one call: how long it may take, and what ends it earlier. */
export interface CallLimits {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs one I/O call under a deadline; its signal aborts at the deadline or with the caller's. Rejects with code `deadline` when the call
 * has not settled by then, even if it ignores its signal.
 */
export async function withDeadline<T>(what: string, limits: CallLimits, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, deadlineMs, signal } = limits;
  signal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const stopped = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  const timer = clock.after(deadlineMs, () => {
    controller.abort(new PodroleError(`${what}: no answer within ${deadlineMs} ms`, { code: 'deadline', retry: 'backoff' }));
  });
  try {
    return await Promise.race([call(controller.signal), stopped]);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
    stopped.catch(() => undefined);
  }
}
