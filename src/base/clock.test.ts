import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { sleep } from './clock.ts';

it('sleeps for as long as it is told, and leaves no timer', async () => {
  const clock = new FakeClock();
  let awake = false;
  void sleep(clock, 100).then(() => {
    awake = true;
  });
  await clock.advance(99);
  expect(awake).toBe(false);
  await clock.advance(1);
  expect([awake, clock.pending]).toEqual([true, 0]);
});

it('wakes with the signal’s reason, before or while it sleeps', async () => {
  const clock = new FakeClock();
  await expect(sleep(clock, 100, AbortSignal.abort('early'))).rejects.toBe('early');
  const ending = new AbortController();
  const sleeping = sleep(clock, 100, ending.signal);
  ending.abort('enough');
  await expect(sleeping).rejects.toBe('enough');
  expect(clock.pending).toBe(0);
});
