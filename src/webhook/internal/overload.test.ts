import { expect, it } from 'vitest';
import { memoryLog } from '../../../test/support/memory-log.ts';
import { createOverload } from './overload.ts';

it('answers 503 with Retry-After and the reason, counts each, and says so once a second', () => {
  let now = 0;
  const counts: string[] = [];
  const log = memoryLog();
  const clock = { now: () => new Date(0), monotonic: () => now, after: () => ({ cancel: () => undefined }) };
  const ignore = (): void => undefined;
  const metrics = { increment: (...count: readonly unknown[]) => void counts.push(JSON.stringify(count)), set: ignore, observe: ignore };
  const overload = createOverload({ clock, log, metrics });
  expect(overload.refuse('waiting-requests')).toEqual({
    status: 503,
    contentType: 'application/json',
    body: '{"reason":"Overloaded","message":"the webhook has too much to do (waiting-requests), try again"}\n',
    headers: { 'retry-after': '1' },
  });
  overload.refuse('held-bytes');
  overload.drop();
  now = 999;
  overload.drop();
  now = 1_000;
  overload.refuse('held-bytes');
  expect(log.lines.map(({ level, message, fields }) => ({ level, message, ...fields }))).toEqual([
    { level: 'warn', message: 'turned away for overload', reason: 'Overloaded', limit: 'waiting-requests', count: 1 },
    { level: 'warn', message: 'turned away for overload', reason: 'Overloaded', limit: 'held-bytes', count: 4 },
  ]);
  const decision = '["podrole_admission_decisions_total",{"reason":"Overloaded"}]';
  const dropped = '["podrole_admission_dropped_connections_total"]';
  expect(counts).toEqual([decision, decision, dropped, dropped, decision]);
});
