import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import type { CredentialFailure } from '../errors.ts';
import type { CredentialEvent } from '../events.ts';
import { RefreshingCredentials } from './refreshing-credentials.ts';
import type { Attempt } from './source.ts';

const SECOND = 1_000;
const denied: CredentialFailure = { code: 'exchange-refused', message: 'denied', retry: 'never', sent: true, awsCode: 'AccessDenied' };
const broken: CredentialFailure = { code: 'exchange-failed', message: 'HTTP 500', retry: 'backoff', sent: true };

/** A source that does what it is told, next answer by next answer; the last one for ever. */
function world(options: { readonly random?: number; readonly propagationMs?: number } = {}) {
  const clock = new FakeClock();
  const answers: (() => Promise<Attempt>)[] = [];
  let asked = 0;
  let inFlight = 0;
  let mostInFlight = 0;
  const events: CredentialEvent[] = [];
  const credentials = new RefreshingCredentials({
    clock,
    random: () => options.random ?? 0,
    propagationMs: options.propagationMs ?? 0,
    source: {
      kind: 'web-identity',
      roleArn: 'arn:aws:iam::111122223333:role/r',
      attempt: async () => {
        asked += 1;
        inFlight += 1;
        mostInFlight = Math.max(mostInFlight, inFlight);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        try {
          return await answer!();
        } finally {
          inFlight -= 1;
        }
      },
    },
  });
  const observer = (event: CredentialEvent): void => void events.push(event);
  credentials.observers.add(observer);
  const sleepFor = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  let issued = 0;
  const issue =
    (seconds: number, { slowMs = 0, identity = 'a', skewMs = 0 } = {}) =>
    async (): Promise<Attempt> => {
      issued += 1;
      const name = `key-${issued}`;
      if (slowMs > 0) await sleepFor(slowMs);
      const expiration = new Date(clock.now().getTime() + seconds * SECOND);
      return { ok: true, identity, skewMs, credentials: { accessKeyId: name, secretAccessKey: 's', sessionToken: 't', expiration } };
    };
  const refuse =
    (failure: CredentialFailure, { slowMs = 0, identity = 'a' } = {}) =>
    async (): Promise<Attempt> => {
      if (slowMs > 0) await sleepFor(slowMs);
      return { ok: false, failure, identity };
    };
  return {
    clock,
    credentials,
    events,
    observer,
    answer: (...next: (() => Promise<Attempt>)[]) => void answers.splice(0, answers.length, ...next),
    issue,
    refuse,
    asked: () => asked,
    mostInFlight: () => mostInFlight,
    key: async (call: { readonly force?: boolean } = {}) => (await credentials.get(call)).accessKeyId,
  };
}

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

describe('a caller without credentials', () => {
  it('waits through what passes, with growing pauses', async () => {
    const { answer, issue, refuse, key, clock, asked } = world();
    answer(refuse(broken), refuse(broken), issue(3_600));
    const waiting = key();
    await clock.advance(99);
    expect(asked()).toBe(1);
    await clock.advance(1);
    expect(asked()).toBe(2);
    await clock.advance(200);
    expect(await waiting).toBe('key-1');
    expect(asked()).toBe(3);
  });

  it('waits as long as AWS asks, up to a minute', async () => {
    const { answer, issue, refuse, key, clock, asked } = world();
    answer(refuse({ ...broken, retryAfterMs: 7_000 }), refuse({ ...broken, retryAfterMs: 3_600_000 }), issue(3_600));
    const waiting = key();
    await clock.advance(6_999);
    expect(asked()).toBe(1);
    await clock.advance(1);
    expect(asked()).toBe(2);
    await clock.advance(60_000);
    expect(await waiting).toBe('key-1');
  });

  it('is told of a refusal after one exchange, and the next ones at once until the pause is over', async () => {
    const { answer, refuse, credentials, clock, asked } = world();
    answer(refuse(denied));
    const outcomes = await Promise.allSettled(Array.from({ length: 1_000 }, () => credentials.get()));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    await clock.advance(499);
    await expect(credentials.get()).rejects.toMatchObject({ code: 'exchange-refused', detail: { awsCode: 'AccessDenied' } });
    expect(asked()).toBe(1);
    await clock.advance(1);
    await expect(credentials.get()).rejects.toMatchObject({ code: 'exchange-refused' });
    expect(asked()).toBe(2);
  });

  it('is told what is wrong with the file each time, as nobody is asked for that', async () => {
    const { answer, refuse, issue, key, asked } = world();
    answer(refuse({ code: 'token-expired', message: 'expired', retry: 'backoff', sent: false }));
    await expect(key()).rejects.toMatchObject({ code: 'token-expired' });
    answer(issue(3_600));
    expect(await key()).toBe('key-1');
    expect(asked()).toBe(2);
  });

  it('waits for propagation only on the first exchange, only for AccessDenied and only when asked to', async () => {
    const patient = world({ propagationMs: 20_000 });
    patient.answer(...Array.from({ length: 6 }, () => patient.refuse(denied)), patient.issue(3_600));
    const waiting = patient.key();
    await patient.clock.advance(12_000);
    expect(await waiting).toBe('key-1');
    expect(patient.asked()).toBe(7);
    patient.answer(patient.refuse(denied));
    await patient.clock.advance(3_600 * SECOND);
    await expect(patient.key()).rejects.toMatchObject({ code: 'exchange-refused' });

    const refused = world({ propagationMs: 20_000 });
    refused.answer(refused.refuse({ ...denied, awsCode: 'InvalidIdentityToken' }));
    await expect(refused.key()).rejects.toMatchObject({ code: 'exchange-refused' });
    expect(refused.asked()).toBe(1);

    const disappointed = world({ propagationMs: 20_000 });
    disappointed.answer(disappointed.refuse(denied));
    const late = expect(disappointed.key()).rejects.toMatchObject({ code: 'exchange-refused' });
    await disappointed.clock.advance(25_000);
    await late;
    expect(disappointed.clock.monotonic()).toBe(25_000);
  });

  it('gets no credentials that ended before they arrived', async () => {
    const { answer, issue, key, clock } = world();
    answer(issue(-1));
    const refused = expect(key()).rejects.toMatchObject({ code: 'credentials-expired-on-arrival' });
    await clock.advance(10_000);
    await refused;
  });
});

describe('what is told', () => {
  it('tells success, failure and the next attempt, and never a secret', async () => {
    const { answer, issue, refuse, key, clock, events, credentials } = world();
    answer(issue(3_600, { skewMs: 60_000 }));
    await key();
    await clock.advance(3_000 * SECOND);
    answer(refuse(denied));
    await key();
    await settle();
    expect(events).toEqual([
      { type: 'clock-skew', at: new Date('2026-01-01T00:00:00Z'), roleArn: 'arn:aws:iam::111122223333:role/r', skewMs: 60_000 },
      {
        type: 'exchanged',
        at: new Date('2026-01-01T00:00:00Z'),
        roleArn: 'arn:aws:iam::111122223333:role/r',
        reason: 'first',
        durationMs: 0,
        expiration: new Date('2026-01-01T01:00:00Z'),
        nextRefresh: new Date('2026-01-01T00:50:00Z'),
      },
      {
        type: 'exchange-failed',
        at: new Date('2026-01-01T00:50:00Z'),
        roleArn: 'arn:aws:iam::111122223333:role/r',
        reason: 'early',
        durationMs: 0,
        code: 'exchange-refused',
        awsCode: 'AccessDenied',
        message: 'denied',
        nextAttempt: new Date('2026-01-01T00:50:15Z'),
        usableUntil: new Date('2026-01-01T00:59:50Z'),
      },
    ]);
    expect(credentials.state()).toEqual({
      source: 'web-identity',
      roleArn: 'arn:aws:iam::111122223333:role/r',
      held: {
        obtained: new Date('2026-01-01T00:00:00Z'),
        expiration: new Date('2026-01-01T01:00:00Z'),
        nextRefresh: new Date('2026-01-01T00:50:00Z'),
      },
      lastSuccess: new Date('2026-01-01T00:00:00Z'),
      lastFailure: { at: new Date('2026-01-01T00:50:00Z'), code: 'exchange-refused', awsCode: 'AccessDenied', message: 'denied' },
      failures: 1,
      exchanges: 2,
      inFlight: false,
    });
  });

  it('does not let an observer that throws come between callers and credentials', async () => {
    const { answer, issue, key, credentials } = world();
    const faulty = (): void => {
      throw new Error('observer');
    };
    credentials.observers.add(faulty);
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listen);
    answer(issue(3_600));
    expect(await key()).toBe('key-1');
    await settle();
    process.off('warning', listen);
    expect(warnings).toEqual(['a credential observer threw: observer']);
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
