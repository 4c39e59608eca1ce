import { describe, expect, it } from 'vitest';
import { credentialWorld as world } from '../../../test/support/credential-world.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import type { CredentialFailure } from '../errors.ts';

const SECOND = 1_000;
const denied: CredentialFailure = { code: 'exchange-refused', message: 'denied', retry: 'never', sent: true, awsCode: 'AccessDenied' };
const broken: CredentialFailure = { code: 'exchange-failed', message: 'HTTP 500', retry: 'backoff', sent: true };

describe('credentials that are held', () => {
  it('are exchanged once for a thousand callers at once', async () => {
    const { answer, issue, credentials, clock, asked } = world();
    answer(issue(3_600, { slowMs: 200 }));
    const all = Promise.all(Array.from({ length: 1_000 }, () => credentials.get()));
    await clock.advance(200);
    expect(new Set((await all).map(({ accessKeyId }) => accessKeyId))).toEqual(new Set(['key-1']));
    expect(asked()).toBe(1);
  });

  it('are handed out without asking until the early window begins', async () => {
    const { answer, issue, key, clock, asked } = world();
    answer(issue(3_600));
    await key();
    await clock.advance(2_999 * SECOND);
    await key();
    expect(asked()).toBe(1);
    await clock.advance(SECOND);
    expect(await key()).toBe('key-1');
    await settle();
    expect(asked()).toBe(2);
    expect(await key()).toBe('key-2');
  });

  it.each([
    [3_600, 0, 600],
    [3_600, 1, 900],
    [43_200, 0, 600],
    [900, 0, 225],
    [240, 0, 60],
    [240, 1, 90],
    [60, 0, 15],
  ])('of %i s with chance %d are refreshed when %i s are left', async (seconds, random, left) => {
    const { answer, issue, key, clock, asked } = world({ random });
    answer(issue(seconds));
    await key();
    await clock.advance((seconds - left) * SECOND - 1);
    await key();
    await settle();
    expect(asked()).toBe(1);
    await clock.advance(1);
    await key();
    await settle();
    expect(asked()).toBe(2);
  });

  it('are handed out at once while STS stalls behind the caller', async () => {
    const { answer, issue, key, clock, asked, mostInFlight } = world();
    answer(issue(3_600));
    await key();
    await clock.advance(3_000 * SECOND);
    answer(issue(3_600, { slowMs: 3_000 }));
    // Time stands still here: an answer can only have come without waiting.
    for (let call = 0; call < 20; call += 1) expect(await key()).toBe('key-1');
    await clock.advance(3_000);
    expect(await key()).toBe('key-2');
    expect([asked(), mostInFlight()]).toEqual([2, 1]);
  });

  it.each([
    ['AccessDenied', denied],
    ['a failure of STS', broken],
  ])('hide %s from callers until ten seconds before their end', async (_name, failure) => {
    const { answer, issue, refuse, key, clock } = world();
    answer(issue(3_600));
    await key();
    answer(refuse(failure));
    for (let second = 0; second < 3_589; second += 7) {
      await clock.advance(7 * SECOND);
      if (clock.monotonic() < 3_590 * SECOND) expect(await key()).toBe('key-1');
    }
    await clock.advance(Math.max(0, 3_590 * SECOND - clock.monotonic()));
    const late = key();
    late.catch(() => undefined);
    await clock.advance(10 * SECOND);
    await expect(late).rejects.toMatchObject({ code: failure.code, tryNextLink: false });
  });

  it.each([0, 0.5, 0.999])('ask at most five times in 300 s of failure, one at a time, at any call rate (chance %d)', async (random) => {
    const { answer, issue, refuse, credentials, clock, asked, mostInFlight } = world({ random });
    answer(issue(3_600));
    await credentials.get();
    await clock.advance(3_200 * SECOND);
    answer(refuse(broken));
    const before = asked();
    for (let second = 0; second < 300; second += 1) {
      await Promise.all(Array.from({ length: 20 }, () => credentials.get()));
      await clock.advance(SECOND);
    }
    expect(asked() - before).toBeLessThanOrEqual(5);
    expect(asked() - before).toBeGreaterThanOrEqual(3);
    expect(mostInFlight()).toBe(1);
  });

  it('of 240 s are exchanged twice in their life at most, though STS never gives longer ones', async () => {
    const { answer, issue, key, clock, asked } = world();
    answer(issue(240));
    for (let second = 0; second < 2_400; second += 1) {
      await key();
      await clock.advance(SECOND);
    }
    expect(asked()).toBeLessThanOrEqual(20);
  });

  it('are never handed out past their end, whatever the wall clock does', async () => {
    const { answer, issue, refuse, credentials, clock } = world();
    answer(issue(600));
    await credentials.get();
    answer(refuse(denied));
    const wall = clock.now.bind(clock);
    // Set back by ten minutes: by the wall they would live on.
    clock.now = () => new Date(wall().getTime() - 600 * SECOND);
    await clock.advance(595 * SECOND);
    await expect(credentials.get()).rejects.toMatchObject({ code: 'exchange-refused' });
    // Set ahead by ten minutes: by the wall they are over.
    clock.now = wall;
    await clock.advance(60 * SECOND);
    answer(issue(600));
    await credentials.get();
    clock.now = () => new Date(wall().getTime() + 600 * SECOND);
    answer(issue(600));
    expect((await credentials.get()).accessKeyId).toBe('key-3');
  });

  it('are dropped as soon as the token is somebody else’s, even if that one is refused', async () => {
    const { answer, issue, refuse, key, clock, events } = world();
    answer(issue(3_600, { identity: 'a' }));
    await key();
    await clock.advance(3_000 * SECOND);
    answer(refuse(denied, { identity: 'b' }));
    await key();
    await settle();
    await expect(key()).rejects.toMatchObject({ code: 'exchange-refused' });
    expect(events.map(({ type }) => type)).toContain('identity-changed');
  });

  it('survive a forced refresh that fails, and are replaced by one that succeeds', async () => {
    const { answer, issue, refuse, key, clock } = world();
    answer(issue(3_600));
    await key();
    answer(refuse(denied));
    expect(await key({ force: true })).toBe('key-1');
    await clock.advance(60 * SECOND);
    answer(issue(3_600));
    expect(await key({ force: true })).toBe('key-2');
  });
});

it('a thousand pods that started together do not refresh together', async () => {
  const due = await Promise.all(
    Array.from({ length: 1_000 }, async (_, pod) => {
      const { answer, issue, key, credentials } = world({ random: pod / 1_000 });
      answer(issue(3_600));
      await key();
      return credentials.state().held!.nextRefresh.getTime();
    }),
  );
  const perSecond = new Map<number, number>();
  for (const at of due) perSecond.set(Math.floor(at / SECOND), (perSecond.get(Math.floor(at / SECOND)) ?? 0) + 1);
  expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(4);
  expect(Math.max(...due) - Math.min(...due)).toBeGreaterThan(290 * SECOND);
});
