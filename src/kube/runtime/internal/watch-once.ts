import type { Clock } from '../../../base/clock.ts';
import type { KubeObject } from '../../core/object.ts';
import type { Status } from '../../core/status.ts';
import type { WatchEvent } from '../../core/watch-event.ts';
import { isGone, statusOf } from './failure.ts';

/** How one watch request ended, when it did not fail. */
export type WatchEnd =
  | { readonly kind: 'ended'; readonly livedMs: number }
  | { readonly kind: 'lost'; readonly reason: 'expired' | 'error-event' | 'silent'; readonly message: string };

export interface FollowOptions<T extends KubeObject> {
  readonly open: (signal: AbortSignal) => AsyncIterable<WatchEvent<T>>;
  readonly onEvent: (event: Exclude<WatchEvent<T>, { readonly type: 'ERROR' }>) => void;
  readonly clock: Clock;
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/** After this many failed tries in a row a watch is no longer resumed: the copy is listed anew. */
const MAX_RESUMES = 5;

/**
 * Follows one watch to its end. A stream that says nothing for `silenceMs` is left even if it never notices: a half-open connection, or a
 * client that does not honour its signal, must not hold the informer. Rejects with what the stream rejects with.
 */
export async function followWatch<T extends KubeObject>(options: FollowOptions<T>): Promise<WatchEnd> {
  const { clock, silenceMs, signal } = options;
  const started = clock.monotonic();
  const inner = new AbortController();
  let lastSign = started;
  let leave: (reason: unknown) => void = () => undefined;
  let silent = false;
  const onAbort = (): void => {
    inner.abort(signal.reason);
    leave(signal.reason);
  };
  const check = (): void => {
    const left = lastSign + silenceMs - clock.monotonic();
    if (left > 0) {
      timer = clock.after(left, check);
      return;
    }
    silent = true;
    const reason = new Error(`no event for ${silenceMs} ms`);
    inner.abort(reason);
    leave(reason);
  };
  let timer = clock.after(silenceMs, check);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const events = options.open(inner.signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<WatchEvent<T>>>((resolve, reject) => {
        leave = reject;
        events.next().then(resolve, reject);
      });
      lastSign = clock.monotonic();
      if (next.done) return { kind: 'ended', livedMs: lastSign - started };
      if (next.value.type === 'ERROR') return lostBy(next.value.object);
      options.onEvent(next.value);
    }
  } catch (error) {
    if (silent) return { kind: 'lost', reason: 'silent', message: `no event for ${silenceMs} ms` };
    if (isGone(error)) return { kind: 'lost', reason: 'expired', message: 'the server no longer has this version' };
    throw error;
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
    inner.abort(new Error('the watch is over'));
    void events.return?.().catch(() => undefined);
  }
}

function lostBy(status: Status): WatchEnd {
  const message = status.message ?? status.reason ?? 'error event';
  return {
    kind: 'lost',
    reason: status.code === 410 || status.reason === 'Expired' || status.reason === 'Gone' ? 'expired' : 'error-event',
    message,
  };
}

/** Whether a failed watch may be resumed from where it was. Refusals that the same request would meet again call for a new list. */
export function afterFailure(error: unknown, failuresInARow: number): 'resume' | 'list' {
  if (failuresInARow > MAX_RESUMES) return 'list';
  const status = statusOf(error);
  if (status === undefined) return 'resume';
  return [401, 403, 429, 502, 503, 504].includes(status) ? 'resume' : 'list';
}
