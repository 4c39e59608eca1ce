import type { Clock } from '../../base/clock.ts';
import { PodroleError } from '../../base/errors.ts';

/**
 * The calls that end when one signal aborts. One listener serves all of them: a signal of a long-lived process must not collect
 * listeners by the hundred.
 */
export class CallGroup {
  readonly #signal: AbortSignal;
  readonly #open = new Set<AbortController>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      for (const controller of this.#open) controller.abort(signal.reason);
    });
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  /** A controller of one call; rejects nothing by itself. Throws the signal's reason when it has aborted already. */
  open(): AbortController {
    this.#signal.throwIfAborted();
    const controller = new AbortController();
    this.#open.add(controller);
    return controller;
  }

  close(controller: AbortController): void {
    this.#open.delete(controller);
  }
}

/** What bounds one call: how long it may take, and what ends it earlier. */
export interface CallLimits {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly deadlineMs: number;
  readonly group: CallGroup;
}

/**
 * Runs one I/O call under a deadline; its signal aborts at the deadline or with the group's. Rejects with code `deadline` when the call
 * has not settled by then, even if it ignores its signal.
 */
export async function withDeadline<T>(what: string, limits: CallLimits, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, deadlineMs, group } = limits;
  const controller = group.open();
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
    group.close(controller);
  }
}
