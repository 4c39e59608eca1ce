import { expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { memoryLog } from '../../test/support/memory-log.ts';
import { askOwnRole, keepAskingOwnRole } from './own-role.ts';

const ARN = 'arn:aws:sts::111122223333:assumed-role/podrole-controller/1';

function world(failures: number) {
  const clock = new FakeClock();
  const known: unknown[] = [];
  let calls = 0;
  let unknown = 0;
  const deps = {
    clock,
    log: memoryLog(),
    callerIdentity: async () => {
      calls += 1;
      if (calls <= failures) throw new Error('no answer from STS');
      return { arn: ARN };
    },
    onKnown: (own: unknown) => known.push(own),
    onUnknown: () => {
      unknown += 1;
    },
  };
  return { clock, deps, known, counts: () => ({ calls, unknown, timers: clock.pending }) };
}

it('tells the account and the role of the credentials', async () => {
  const { deps, known } = world(0);
  expect(await askOwnRole(deps, new AbortController().signal)).toBe(true);
  expect(known).toEqual([{ account: '111122223333', roleName: 'podrole-controller' }]);
});

it('says that AWS did not answer, and goes on without', async () => {
  const { deps, known, counts } = world(1);
  expect(await askOwnRole(deps, new AbortController().signal)).toBe(false);
  expect([known, counts()]).toEqual([[], { calls: 1, unknown: 1, timers: 0 }]);
});

it('asks again, ever less often, until it is answered', async () => {
  const { clock, deps, known, counts } = world(3);
  const asking = keepAskingOwnRole(deps, new AbortController().signal);
  await clock.advance(999);
  expect(counts().calls).toBe(0);
  await clock.advance(1 + 2_000 + 4_000);
  expect([known, counts().calls]).toEqual([[], 3]);
  await clock.advance(8_000);
  await asking;
  expect([known.length, counts()]).toEqual([1, { calls: 4, unknown: 3, timers: 0 }]);
});

it('stops asking when it is told to', async () => {
  const { clock, deps, counts } = world(9);
  const end = new AbortController();
  const asking = keepAskingOwnRole(deps, end.signal);
  await clock.advance(1_000);
  end.abort();
  await settle();
  await asking;
  await clock.advance(100_000);
  expect(counts()).toEqual({ calls: 1, unknown: 1, timers: 0 });
});
