import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { memoryLog } from '../../../test/support/memory-log.ts';
import type { PodLister } from '../ports.ts';
import type { Profile } from '../profile.ts';
import type { RunningPod } from '../stale-pods.ts';
import { PodWatch } from './pod-watch.ts';

const profile = { metadata: { name: 'team-a', uid: 'u' } } as Profile;
const account = (role: string) => [{ serviceAccount: 'default-editor', role }];
const bare = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }] } } as RunningPod;

function open(list: PodLister['list']) {
  const clock = new FakeClock();
  const log = memoryLog();
  const asked: string[] = [];
  const pods: PodLister = {
    list: (of, signal) => {
      asked.push(`${of.namespace}/${of.serviceAccount}`);
      return list(of, signal);
    },
  };
  return { clock, log, asked, watch: new PodWatch({ pods, clock, log, random: () => 0.5 }, new AbortController().signal) };
}

describe('the watch over pods', () => {
  it('lists them when an annotation changed, and else only now and then', async () => {
    let running: readonly RunningPod[] = [bare];
    const { watch, asked, clock } = open(() => Promise.resolve({ pods: running, more: false }));
    expect((await watch.report(profile, account('a')))?.verdict.reason).toBe('PodsNeedRestart');
    await watch.report(profile, account('a'));
    expect([asked, watch.dueIn('team-a')]).toEqual([['team-a/default-editor'], 60_000]);
    await watch.report(profile, account('b'));
    expect(asked).toHaveLength(2);
    running = [];
    await clock.advance(60_000);
    expect((await watch.report(profile, account('b')))?.verdict.reason).toBe('PodsCurrent');
    expect([asked.length, watch.dueIn('team-a')]).toEqual([3, 600_000]);
  });

  it('says nothing, and asks nothing, of a profile without a role', async () => {
    const { watch, asked } = open(() => Promise.resolve({ pods: [], more: false }));
    expect([await watch.report(profile, []), watch.dueIn('team-a'), asked]).toEqual([undefined, undefined, []]);
  });

  it('says what keeps it from listing, and does not wait for ever', async () => {
    const refused = open(() => Promise.reject(new Error('pods is forbidden')));
    expect(await refused.watch.report(profile, account('a'))).toEqual({
      verdict: { reason: 'PodsUnknown', message: 'pods were not listed: pods is forbidden' },
      stale: undefined,
    });
    expect(refused.log.lines.map(({ message, fields }) => [message, fields.reason])).toEqual([['pods not listed', 'PodsUnknown']]);
    const hung = open(() => new Promise(() => undefined));
    const report = hung.watch.report(profile, account('a'));
    await hung.clock.advance(10_000);
    expect((await report)?.verdict.reason).toBe('PodsUnknown');
  });
});
