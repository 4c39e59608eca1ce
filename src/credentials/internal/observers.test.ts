import { afterEach, beforeEach, expect, it } from 'vitest';
import { settle } from '../../../test/support/fake-clock.ts';
import { Observers, warningsOnly } from './observers.ts';

const warnings: string[] = [];
const listen = (warning: Error): void => void warnings.push(warning.message);
beforeEach(() => {
  warnings.length = 0;
  process.on('warning', listen);
});
afterEach(() => void process.off('warning', listen));

const at = new Date('2026-01-01T00:00:00Z');
const common = { at, roleArn: undefined };

it('without an observer a person is told once of what a person should mend, and of nothing else', async () => {
  const tell = warningsOnly();
  tell({ ...common, type: 'token-stale', file: '/token', expired: at });
  tell({ ...common, type: 'token-stale', file: '/token', expired: at });
  tell({ ...common, type: 'clock-skew', skewMs: -65_000 });
  tell({ ...common, type: 'token-undecodable', file: '/token', message: 'token in /token cannot be read' });
  tell({ ...common, type: 'exchanged', reason: 'first', durationMs: 1, expiration: at, nextRefresh: at });
  tell({ ...common, type: 'exchange-failed', reason: 'early', durationMs: 1, code: 'exchange-failed', message: 'm', nextAttempt: at });
  await settle();
  expect(warnings).toEqual([
    'token in /token expired 2026-01-01T00:00:00.000Z and is not being renewed',
    "this machine's clock is 65 s ahead of AWS's",
    'token in /token cannot be read',
  ]);
});

it('an observer that is added twice is told once', () => {
  const observers = new Observers();
  const seen: string[] = [];
  const observer = ({ type }: { readonly type: string }): void => void seen.push(type);
  observers.add(observer);
  observers.add(observer);
  observers.tell({ ...common, type: 'identity-changed' });
  expect(seen).toEqual(['identity-changed']);
});
