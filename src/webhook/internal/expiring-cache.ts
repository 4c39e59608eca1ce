import { LRUCache } from 'lru-cache';
import type { Clock } from '../../base/clock.ts';

/** A bounded cache whose entries die `ttlMs` after they were set, by our clock; the least recently used goes first when it is full. */
export function expiringCache<Value extends {}>(
  clock: Clock,
  { max, ttlMs }: { readonly max: number; readonly ttlMs: number },
): LRUCache<string, Value> {
  return new LRUCache<string, Value>({
    max,
    ttl: ttlMs,
    // Without a resolution the library sets no timers of its own.
    ttlResolution: 0,
    // It takes an entry set at 0 for one that never dies, and a monotonic clock may start there.
    perf: { now: () => clock.monotonic() + 1 },
  });
}
