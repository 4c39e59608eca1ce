import type { Timer } from '../../../base/clock.ts';
import type { ApiContext } from '../context.ts';

/** How long an Event is kept after its last write, in milliseconds: the default `--event-ttl` of the real one. */
const EVENT_TTL_MS = 60 * 60 * 1_000;
const SWEEP_MS = 60 * 1_000;

/** Removes Events that nobody has written to for an hour; looks once a minute. */
export function eventExpiry(context: ApiContext): { start(): void; stop(): void } {
  /** When each event was first seen in its present revision, on the monotonic clock. */
  const seen = new Map<string, { readonly revision: string; readonly at: number }>();
  let timer: Timer | undefined;
  const sweep = (): void => {
    const now = context.clock.monotonic();
    const entries = context.store.list('events');
    const present = new Set(entries.map((entry) => entry.key));
    for (const key of seen.keys()) if (!present.has(key)) seen.delete(key);
    for (const { key, object } of entries) {
      const revision = object.metadata.resourceVersion ?? '';
      const known = seen.get(key);
      if (known?.revision !== revision) seen.set(key, { revision, at: now });
      else if (now - known.at >= EVENT_TTL_MS) context.store.remove('events', key, object);
    }
    timer = context.clock.after(SWEEP_MS, sweep);
  };
  return {
    start: () => {
      timer ??= context.clock.after(SWEEP_MS, sweep);
    },
    stop: () => {
      timer?.cancel();
      timer = undefined;
    },
  };
}
