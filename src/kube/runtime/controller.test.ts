import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { PodroleError } from '../../base/errors.ts';
import { type Outcome, runController } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

function world(reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>, workers = 2) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 1 });
  const stop = new AbortController();
  const ended: string[] = [];
  const running = runController(
    {
      name: 'test',
      queue,
      reconcile,
      clock,
      workers,
      timeoutMs: 60_000,
      abandonMs: 5_000,
      onOutcome: (key, outcome) => ended.push(`${key} ${outcome}`),
    },
    stop.signal,
  );
  return { clock, queue, stop, running, ended };
}

const done: Outcome = { kind: 'done' };

describe('a controller', () => {
  it('follows each outcome: done rests, after comes again, retry backs off, terminal rests', async () => {
    const runs: string[] = [];
    const outcomes: Record<string, Outcome> = {
      done,
      after: { kind: 'after', ms: 10_000 },
      retry: { kind: 'retry', error: new Error('x') },
      terminal: { kind: 'terminal', error: new Error('y') },
    };
    const it = world(async (key) => {
      runs.push(`${key}@${it.clock.monotonic()}`);
      return outcomes[key]!;
    });
    for (const key of Object.keys(outcomes)) it.queue.add(key);
    await it.clock.advance(10_000);
    expect(runs).toEqual(['done@0', 'after@0', 'retry@0', 'terminal@0', 'retry@1000', 'retry@3000', 'retry@7000', 'after@10000']);
    expect(it.ended.slice(0, 4)).toEqual(['done done', 'after after', 'retry retry', 'terminal terminal']);
    it.stop.abort();
    await it.running;
  });

  it('takes a throw for a retry, and waits as long as the other side asked', async () => {
    let runs = 0;
    const it = world(async () => {
      runs += 1;
      throw new PodroleError('slow down', { code: 'throttled', retry: 'after', retryAfterMs: 30_000 });
    });
    it.queue.add('a');
    await it.clock.advance(29_999);
    expect(runs).toBe(1);
    await it.clock.advance(1);
    expect(runs).toBe(2);
  });

  it('lets other keys proceed beside one that hangs and ignores its signal, on a single worker too', async () => {
    const finished: string[] = [];
    let unhang: () => void = () => undefined;
    let starts = 0;
    const it = world(async (key) => {
      if (key === 'hung') {
        starts += 1;
        await new Promise<void>((resolve) => (unhang = resolve));
      }
      finished.push(key);
      return done;
    }, 1);
    it.queue.add('hung');
    it.queue.add('other');
    await it.clock.advance(64_999);
    expect(finished).toEqual([]);
    await it.clock.advance(1);
    expect(finished).toEqual(['other']);
    it.queue.add('hung');
    await settle();
    expect(starts).toBe(1);
    unhang();
    await settle();
    expect(starts).toBe(2);
  });

  it('aborts a run that takes too long, and tries again', async () => {
    const it = world(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    it.queue.add('a');
    await it.clock.advance(60_000);
    expect(it.ended).toEqual(['a timeout']);
    expect(it.queue.state().delayed).toBe(1);
  });

  it('waits on the way out for runs under way, whose signals abort', async () => {
    const log: string[] = [];
    const it = world(
      (key, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            log.push(`${key} told`);
            resolve(done);
          });
        }),
    );
    it.queue.add('a');
    it.queue.add('b');
    it.queue.add('never started');
    await settle();
    it.stop.abort(new Error('stop'));
    await it.running;
    expect(log).toEqual(['a told', 'b told']);
    expect(it.clock.pending).toBe(0);
  });

  it('does not wait for ever for a run that heeds nothing', async () => {
    const it = world(() => new Promise(() => undefined));
    it.queue.add('a');
    await settle();
    it.stop.abort();
    await it.clock.advance(5_000);
    await it.running;
  });
});
