import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

function make() {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, random: () => 1 }) };
}

/** Keys that can be had without waiting. */
async function takeAll(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  while (queue.state().ready > 0) taken.push((await queue.take()) ?? 'shut');
  return taken;
}

describe('a work queue', () => {
  it('holds a key once and hands keys out in order', async () => {
    const { queue } = make();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(await takeAll(queue)).toEqual(['a', 'b', 'c']);
    expect(queue.state()).toEqual({ ready: 0, delayed: 0, processing: 3, failing: 0 });
  });

  it('gives a key to one worker at a time, and again when it was added meanwhile', async () => {
    const { queue } = make();
    queue.add('a');
    expect(await queue.take()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.state().ready).toBe(0);
    queue.done('a');
    expect(await takeAll(queue)).toEqual(['a']);
    queue.done('a');
    expect(await takeAll(queue)).toEqual([]);
  });

  it('wakes a waiting worker', async () => {
    const { queue } = make();
    const waiting = queue.take();
    queue.add('a');
    expect(await waiting).toBe('a');
    expect(queue.state().processing).toBe(1);
  });

  it('delays a key, to the earliest time that was asked for', async () => {
    const { clock, queue } = make();
    queue.addAfter('a', 5_000);
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 3_000);
    await clock.advance(999);
    expect(queue.state()).toMatchObject({ ready: 0, delayed: 1 });
    await clock.advance(1);
    expect(await takeAll(queue)).toEqual(['a']);
    expect(clock.pending).toBe(0);
  });

  it('lets an immediate add overtake a delay', async () => {
    const { clock, queue } = make();
    queue.addAfter('a', 5_000);
    queue.add('a');
    expect(await takeAll(queue)).toEqual(['a']);
    expect(clock.pending).toBe(0);
  });

  it('doubles the wait of a failing key, each key by itself, until it succeeds', async () => {
    const { clock, queue } = make();
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      queue.add('a');
      await clock.advance(300_000);
      await queue.take();
      waits.push(queue.retry('a'));
      queue.done('a');
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(queue.retry('b')).toBe(1_000);
    queue.forget('a');
    expect(queue.failures('a')).toBe(0);
    expect(queue.retry('a')).toBe(1_000);
    expect(queue.retry('a', 60_000)).toBe(60_000);
  });

  it('does not let events drive a failing key faster than once a second', async () => {
    const { clock, queue } = make();
    queue.add('a');
    await queue.take();
    queue.retry('a');
    queue.retry('a');
    queue.done('a');
    queue.add('a');
    queue.add('a');
    expect(queue.state().ready).toBe(0);
    await clock.advance(999);
    expect(queue.state().ready).toBe(0);
    await clock.advance(1);
    expect(queue.state().ready).toBe(1);
  });

  it('tries a failing key soon when it was added while it failed', async () => {
    const { clock, queue } = make();
    for (let round = 0; round < 6; round += 1) queue.retry('a');
    await clock.advance(60_000);
    await queue.take();
    queue.add('a');
    expect(queue.retry('a')).toBe(1_000);
    queue.done('a');
    await clock.advance(1_000);
    expect(queue.state().ready).toBe(1);
  });

  it('shuts: waiting workers go home, what waits is forgotten, what is taken is waited for', async () => {
    const { clock, queue } = make();
    queue.add('a');
    await queue.take();
    const waiting = queue.take();
    queue.addAfter('b', 100);
    let drained = false;
    const shut = queue.shutDown().then(() => {
      drained = true;
    });
    expect(await waiting).toBeUndefined();
    expect(await queue.take()).toBeUndefined();
    queue.add('c');
    await settle();
    expect(drained).toBe(false);
    queue.done('a');
    await shut;
    expect(queue.state()).toEqual({ ready: 0, delayed: 0, processing: 0, failing: 0 });
    expect(clock.pending).toBe(0);
  });

  it('never loses an add and never gives one key to two workers', async () => {
    const operation = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom('add', 'later', 'take', 'done', 'fail', 'tick'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
        const { clock, queue } = make();
        const held = new Set<string>();
        const owed = new Set<string>();
        for (const { key, kind } of operations) {
          if (kind === 'add') queue.add(key);
          if (kind === 'later') queue.addAfter(key, 10_000);
          if (kind === 'add' || kind === 'later') owed.add(key);
          if (kind === 'tick') await clock.advance(2_000);
          if (kind === 'take' && queue.state().ready > 0) {
            const taken = (await queue.take()) ?? '';
            expect(held.has(taken)).toBe(false);
            held.add(taken);
            owed.delete(taken);
          }
          if ((kind === 'done' || kind === 'fail') && held.has(key)) {
            if (kind === 'fail') {
              queue.retry(key);
              owed.add(key);
            } else queue.forget(key);
            held.delete(key);
            queue.done(key);
          }
        }
        for (const key of held) queue.done(key);
        await clock.advance(600_000);
        const rest = await takeAll(queue);
        expect(new Set(rest).size).toBe(rest.length);
        for (const key of owed) expect(rest).toContain(key);
      }),
      { numRuns: 200 },
    );
  });
});
