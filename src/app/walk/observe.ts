import { type Clock, sleep } from '../../base/clock.ts';
import { PodroleError } from '../../base/errors.ts';

const PAUSE_MS = 15;

/**
 * Looks until `look` answers something; rejects with `not-observed` after `ms`, saying what was awaited and what was seen last.
 * For waiting on what others do: the controller, the API server, the webhook.
 */
export async function until<T>(
  clock: Clock,
  wait: { readonly what: string; readonly ms: number; readonly look: () => Promise<{ readonly found: T } | { readonly seen: string }> },
  signal: AbortSignal,
): Promise<T> {
  const deadline = clock.monotonic() + wait.ms;
  for (;;) {
    const answer = await wait.look();
    if ('found' in answer) return answer.found;
    if (clock.monotonic() >= deadline) {
      throw new PodroleError(`${wait.what} was not observed within ${wait.ms / 1000} s; last seen: ${answer.seen}`, {
        code: 'not-observed',
      });
    }
    await sleep(clock, PAUSE_MS, signal);
  }
}
