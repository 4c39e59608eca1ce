import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const backoff = { firstMs: 1_000, maxMs: 30_000 };

it('doubles from the first wait to the longest', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((failures) => backoffMs(backoff, failures, () => 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
});

it('keeps at least half of the wait whatever the dice say, and never exceeds the longest', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, dice) => {
      const wait = backoffMs(backoff, failures, () => dice);
      expect(wait).toBeGreaterThanOrEqual(500);
      expect(wait).toBeLessThanOrEqual(30_000);
    }),
  );
});
