import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { KubeApiError } from '../client/errors.ts';
import type { KubeObject } from '../core/object.ts';
import { createEventRecorder, type EventNote } from './event-recorder.ts';

const note = (message: string, name = 'sa'): EventNote => ({
  regarding: { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'n', name, uid: 'u' },
  type: 'Warning',
  reason: 'BadArn',
  message,
});

function world() {
  const clock = new FakeClock();
  const events = new Map<string, KubeObject>();
  let dice = 0;
  let failure: Error | undefined;
  const client = {
    create: async (_: unknown, event: KubeObject) => {
      if (failure) throw failure;
      events.set(event.metadata.name ?? '', event);
      return event as never;
    },
    mergePatch: async (_: unknown, target: { readonly name?: string | undefined }, patch: unknown) => {
      const known = events.get(target.name ?? '');
      if (!known) throw new KubeApiError('PATCH', { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 404 }, 404);
      events.set(target.name ?? '', { ...known, ...(patch as object) });
      return known as never;
    },
  };
  const recorder = createEventRecorder({ client, component: 'podrole-webhook', instance: 'pod-1', clock, random: () => (dice += 0.001) });
  return { clock, events, recorder, fail: (error?: Error) => (failure = error) };
}

describe('an event recorder', () => {
  it('writes a v1 Event and counts its repetitions', async () => {
    const { clock, events, recorder } = world();
    recorder.record(note('bad'));
    await recorder.flush();
    await clock.advance(60_000);
    recorder.record(note('bad'));
    recorder.record(note('bad'));
    await recorder.flush();
    expect([...events.values()]).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { namespace: 'n', name: expect.stringMatching(/^sa\.[0-9a-f]{12}$/) },
        involvedObject: { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'n', name: 'sa', uid: 'u' },
        type: 'Warning',
        reason: 'BadArn',
        message: 'bad',
        source: { component: 'podrole-webhook', host: 'pod-1' },
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:01:00Z',
        count: 3,
      },
    ]);
    expect(recorder.state()).toEqual({ written: 3, dropped: 0, waiting: 0 });
  });

  it('begins a new event after ten quiet minutes, and when the old one has expired', async () => {
    const { clock, events, recorder } = world();
    recorder.record(note('bad'));
    await recorder.flush();
    await clock.advance(600_001);
    recorder.record(note('bad'));
    await recorder.flush();
    expect([...events.values()].map((event) => event.count)).toEqual([1, 1]);
    events.clear();
    recorder.record(note('bad'));
    recorder.record(note('bad'));
    await recorder.flush();
    expect([...events.values()].map((event) => event.count)).toEqual([3]);
  });

  it('makes one event of many different messages of one reason', async () => {
    const { events, recorder } = world();
    for (let index = 0; index < 20; index += 1) recorder.record(note(`bad ${index}`));
    await recorder.flush();
    expect(events.size).toBe(11);
    expect([...events.values()].at(-1)).toMatchObject({ count: 10, message: '(combined from similar events): bad 19' });
  });

  it('lets one object write 25 events and then one in five minutes, others unharmed', async () => {
    const { clock, recorder } = world();
    for (let index = 0; index < 30; index += 1) recorder.record(note('bad'));
    recorder.record(note('bad', 'other'));
    await recorder.flush();
    expect(recorder.state()).toEqual({ written: 26, dropped: 5, waiting: 0 });
    await clock.advance(300_000);
    recorder.record(note('bad'));
    recorder.record(note('bad'));
    await recorder.flush();
    expect(recorder.state()).toEqual({ written: 27, dropped: 6, waiting: 0 });
  });

  it('drops what the API refuses and goes on', async () => {
    const { events, recorder, fail } = world();
    fail(new Error('namespace is terminating'));
    recorder.record(note('bad'));
    await recorder.flush();
    fail();
    recorder.record(note('bad'));
    await recorder.flush();
    expect(recorder.state()).toEqual({ written: 1, dropped: 1, waiting: 0 });
    expect([...events.values()].map((event) => event.count)).toEqual([1]);
  });

  it('puts events about cluster-scoped objects into the default namespace', async () => {
    const { events, recorder } = world();
    recorder.record({ ...note('x'), regarding: { apiVersion: 'kubeflow.org/v1', kind: 'Profile', name: 'user-a' } });
    await recorder.flush();
    expect([...events.values()][0]?.metadata.namespace).toBe('default');
  });

  it('does not queue without end', async () => {
    const { recorder } = world();
    for (let index = 0; index < 1_500; index += 1) recorder.record(note('bad', `sa-${index}`));
    await recorder.flush();
    expect(recorder.state()).toEqual({ written: 1_000, dropped: 500, waiting: 0 });
  });
});
