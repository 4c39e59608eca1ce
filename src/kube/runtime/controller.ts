import type { Clock } from '../../base/clock.ts';
import { type ErrorDetail, messageOf, PodroleError } from '../../base/errors.ts';
import { type Log, silentLog } from '../../base/log.ts';
import { askedDelay } from './internal/failure.ts';
import type { WorkQueue } from './work-queue.ts';

/**
 * What became of one key. `after`: done for now, look again in `ms`. `retry`: failed, try again with back-off.
 * `terminal`: failed, and trying again would not help until something changes.
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'after'; readonly ms: number }
  | { readonly kind: 'retry'; readonly error: unknown }
  | { readonly kind: 'terminal'; readonly error: unknown };

/** How a run ended, for metrics: an outcome, or `timeout` when it was told to stop. */
export type OutcomeKind = Outcome['kind'] | 'timeout';

export interface ControllerOptions {
  /** For the log. */
  readonly name: string;
  readonly queue: WorkQueue;
  /** Brings the world of one key to what it should be, from whatever it is: it gets a key, never an event. A throw counts as `retry`. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>;
  readonly clock: Clock;
  readonly log?: Log;
  /** Keys worked on at once; default 4. */
  readonly workers?: number;
  /** Milliseconds after which a run's signal aborts; default 60,000. */
  readonly timeoutMs?: number;
  /** Milliseconds that an aborted run has to end before its worker goes on without it; default 5,000. Its key stays taken until it ends. */
  readonly abandonMs?: number;
  readonly onOutcome?: (key: string, outcome: OutcomeKind, tookMs: number) => void;
}

/**
 * Takes keys from a queue and reconciles them until the signal aborts; then waits for the runs under way (whose signals abort as well) and
 * resolves. A run that neither ends nor heeds its signal costs nobody but its own key.
 */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const log = (options.log ?? silentLog).child({ controller: options.name });
  // One listener for all runs: Node takes more than ten on a signal for a leak.
  const underWay = new Set<() => void>();
  const workers = Array.from({ length: options.workers ?? 4 }, () => work(options, { log, signal, underWay }));
  const onAbort = (): void => {
    void options.queue.shutDown();
    for (const stop of underWay) stop();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.all(workers);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

interface Crew {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** What tells each run that the signal aborted. */
  readonly underWay: Set<() => void>;
}

async function work(options: ControllerOptions, crew: Crew): Promise<void> {
  for (;;) {
    const key = await options.queue.take();
    if (key === undefined) return;
    await runOne(options, key, crew);
  }
}

/** Resolves when the worker may take the next key: with the run, or some time after the run was told to stop. */
function runOne(options: ControllerOptions, key: string, { log, signal, underWay }: Crew): Promise<void> {
  const { queue, clock } = options;
  const started = clock.monotonic();
  const inner = new AbortController();
  let timedOut = false;
  return new Promise((release) => {
    const abandonAfter = (): void => {
      abandon = clock.after(options.abandonMs ?? 5_000, () => {
        log.warn('run does not stop', { key });
        release();
      });
    };
    let abandon = clock.after(options.timeoutMs ?? 60_000, () => {
      timedOut = true;
      inner.abort(new PodroleError(`the work on ${key} took too long`, { code: 'reconcile-timeout', retry: 'backoff' }));
      abandonAfter();
    });
    const onAbort = (): void => {
      abandon.cancel();
      inner.abort(signal.reason);
      abandonAfter();
    };
    underWay.add(onAbort);
    if (signal.aborted) onAbort();
    void settle(options.reconcile, key, inner.signal).then((outcome) => {
      abandon.cancel();
      underWay.delete(onAbort);
      if (!signal.aborted) follow(queue, key, outcome, log);
      queue.done(key);
      options.onOutcome?.(key, timedOut && outcome.kind === 'retry' ? 'timeout' : outcome.kind, clock.monotonic() - started);
      release();
    });
  });
}

async function settle(reconcile: ControllerOptions['reconcile'], key: string, signal: AbortSignal): Promise<Outcome> {
  try {
    return await reconcile(key, signal);
  } catch (error) {
    return { kind: 'retry', error };
  }
}

function follow(queue: WorkQueue, key: string, outcome: Outcome, log: Log): void {
  switch (outcome.kind) {
    case 'done':
      queue.forget(key);
      return;
    case 'after':
      queue.forget(key);
      queue.addAfter(key, outcome.ms);
      return;
    case 'terminal':
      queue.forget(key);
      log.error('key failed for good', { key, error: messageOf(outcome.error), ...codeOf(outcome.error) });
      return;
    case 'retry': {
      const waitMs = queue.retry(key, askedDelay(outcome.error));
      log.warn('key failed', { key, error: messageOf(outcome.error), failures: queue.failures(key), waitMs, ...codeOf(outcome.error) });
    }
  }
}

function codeOf(error: unknown): ErrorDetail {
  return error instanceof PodroleError ? { code: error.code } : {};
}
