import { expect, it } from 'vitest';
import { crashJourney } from './crash-journey.ts';

it('a crash at any step of any call ends where no crash ends', { timeout: 240_000 }, async () => {
  const whole = await crashJourney(() => false);
  expect(whole.violations).toEqual([]);
  expect(Object.keys(whole.end.profiles)).toEqual(['user-b']);
  expect(whole.steps).toBeGreaterThan(120);
  for (let crashAt = 1; crashAt <= whole.steps; crashAt += 1) {
    const crashed = await crashJourney((step) => step === crashAt);
    expect({ crashAt, violations: crashed.violations, end: crashed.end }).toEqual({ crashAt, violations: [], end: whole.end });
  }
});

it.each([9, 14, 23, 40])(
  'a process that crashes at every %d. step gets there as soon as it no longer does',
  { timeout: 60_000 },
  async (every) => {
    const whole = await crashJourney(() => false);
    const looped = await crashJourney((step, now) => now < 200_000 && step % every === 0, 200_000);
    expect({ violations: looped.violations, end: looped.end }).toEqual({ violations: [], end: whole.end });
  },
);
