import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayedMap } from './delayed-map.ts';

describe('DelayedMap', () => {
  it('shows a change to its writer at once and to others later', () => {
    const map = new DelayedMap<string>();
    map.set('k', 'a', { now: 0, visibleAt: 10 });
    expect([map.current('k'), map.effective('k', 9), map.effective('k', 10)]).toEqual(['a', undefined, 'a']);
  });

  it('keeps a removed value effective until the removal is', () => {
    const map = new DelayedMap<string>();
    map.set('k', 'a', { now: 0, visibleAt: 0 });
    map.set('k', undefined, { now: 5, visibleAt: 15 });
    expect([map.current('k'), map.effective('k', 14), map.effective('k', 15)]).toEqual([undefined, 'a', undefined]);
  });

  it('lists current values in the order of keys', () => {
    const map = new DelayedMap<number>();
    for (const [key, value] of [
      ['b', 2],
      ['a', 1],
    ] as const)
      map.set(key, value, { now: 0, visibleAt: 9 });
    expect([map.values(), map.size]).toEqual([[1, 2], 2]);
  });

  it('is, at any time, what a list of all changes says', () => {
    const change = fc.record({ wait: fc.nat(20), value: fc.option(fc.nat(9), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.nat(15), (changes, delay) => {
        const map = new DelayedMap<number>();
        const applied: { at: number; value: number | undefined }[] = [];
        let now = 0;
        for (const { wait, value } of changes) {
          now += wait;
          map.set('k', value, { now, visibleAt: now + delay });
          applied.push({ at: now + delay, value });
          expect(map.current('k')).toBe(value);
          expect(map.effective('k', now)).toBe(applied.findLast(({ at }) => at <= now)?.value);
        }
        for (let later = now; later <= now + delay + 1; later += 1)
          expect(map.effective('k', later)).toBe(applied.findLast(({ at }) => at <= later)?.value);
      }),
    );
  });
});
