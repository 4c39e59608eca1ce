import { describe, expect, it } from 'vitest';
import { credentialWorld as world } from '../../../test/support/credential-world.ts';
import { settle } from '../../../test/support/fake-clock.ts';
import type { CredentialFailure } from '../errors.ts';

const SECOND = 1_000;
const denied: CredentialFailure = { code: 'exchange-refused', message: 'denied', retry: 'never', sent: true, awsCode: 'AccessDenied' };
const broken: CredentialFailure = { code: 'exchange-failed', message: 'HTTP 500', retry: 'backoff', sent: true };

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
