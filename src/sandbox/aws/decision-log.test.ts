import { describe, expect, it } from 'vitest';
import { silentLog } from '../../base/log.ts';
import { createDecisionLog, type PendingDecision } from './decision-log.ts';

const decision = (id: string, more: Partial<PendingDecision> = {}): PendingDecision => ({
  time: '2026-03-01T12:00:00.000Z',
  id,
  operation: 'iam:GetRole',
  verdict: 'deny',
  code: 'AccessDenied',
  reason: 'identity-policy',
  message: 'no',
  ...more,
});

describe('the decision log', () => {
  it('builds an explanation only when it is read', () => {
    const log = createDecisionLog(silentLog);
    let built = 0;
    log.record(decision('a', { explain: () => ({ built: ++built }) }));
    expect(built).toBe(0);
    expect(log.list()).toEqual([{ ...decision('a'), explanation: { built: 1 } }]);
  });

  it('keeps the newest, oldest first, across several rounds of the ring', () => {
    const log = createDecisionLog(silentLog, 3);
    for (let index = 0; index < 8; index += 1) log.record(decision(String(index)));
    expect(log.list().map(({ id }) => id)).toEqual(['5', '6', '7']);
  });

  it('filters by every member given', () => {
    const log = createDecisionLog(silentLog);
    log.record(decision('a'));
    log.record(decision('b', { operation: 'iam:ListRoles' }));
    log.record(decision('c', { verdict: 'allow' }));
    expect(log.list({ verdict: 'deny', operation: 'iam:GetRole' }).map(({ id }) => id)).toEqual(['a']);
  });

  it('reports a subscriber that throws, and tells the others', () => {
    const reported: string[] = [];
    const log = createDecisionLog({ ...silentLog, error: (message) => void reported.push(message) });
    const seen: string[] = [];
    log.subscribe(() => {
      throw new Error('broken');
    });
    log.subscribe(({ id }) => void seen.push(id));
    log.record(decision('a'));
    expect([seen, reported]).toEqual([['a'], ['decision subscriber failed']]);
  });
});
