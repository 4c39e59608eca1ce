import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { KubeApiError, KubeTransportError } from '../client/errors.ts';
import type { ListOptions, WatchOptions } from '../client/kube-client.ts';
import type { KubeList, KubeObject } from '../core/object.ts';
import { resources } from '../core/resource.ts';
import type { Status } from '../core/status.ts';
import type { WatchEvent } from '../core/watch-event.ts';
import { createInformer, type InformerOptions } from './informer.ts';

const object = (name: string, version: number, data = ''): KubeObject => ({
  metadata: { namespace: 'n', name, resourceVersion: String(version) },
  data,
});
const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', name: string, version: number, data = ''): WatchEvent => ({
  type,
  object: object(name, version, data),
});
const bookmark = (version: number): WatchEvent => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } });
const status = (code: number, reason: string): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  reason,
  code,
  message: reason,
});
const refused = (code: number, reason: string): KubeApiError => new KubeApiError('GET /x', status(code, reason), code);

/** One watch request under the test's hand. */
class Stream {
  readonly options: WatchOptions;
  readonly signal: AbortSignal | undefined;
  #events: (WatchEvent | Error | undefined)[] = [];
  #wake: () => void = () => undefined;

  constructor(options: WatchOptions, signal: AbortSignal | undefined) {
    this.options = options;
    this.signal = signal;
  }

  async send(...events: (WatchEvent | Error | undefined)[]): Promise<void> {
    this.#events.push(...events);
    this.#wake();
    await settle();
  }

  end(): Promise<void> {
    return this.send(undefined);
  }

  /** Deaf to its signal, as a half-open connection is. */
  async *read(): AsyncGenerator<WatchEvent> {
    for (;;) {
      while (this.#events.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      const next = this.#events.shift();
      if (next === undefined) return;
      if (next instanceof Error) throw next;
      yield next;
    }
  }
}

function world(options: Partial<InformerOptions<KubeObject, unknown>> = {}) {
  const clock = new FakeClock();
  const lists: (KubeList | Error)[] = [];
  const asked: ListOptions[] = [];
  const streams: Stream[] = [];
  const client = {
    list: async (_: unknown, listing: ListOptions): Promise<never> => {
      asked.push(listing);
      // The answer may be laid out after the question.
      await Promise.resolve();
      const answer = lists.shift() ?? new KubeTransportError('GET', new Error('down'));
      if (answer instanceof Error) throw answer;
      return answer as never;
    },
    watch: (_: unknown, watching: WatchOptions, signal?: AbortSignal): AsyncIterable<never> => {
      const stream = new Stream(watching, signal);
      streams.push(stream);
      return stream.read() as AsyncIterable<never>;
    },
  };
  const informer = createInformer<KubeObject, unknown>({ client, resource: resources.configMaps, clock, random: () => 1, ...options });
  const seen: string[] = [];
  informer.subscribe({
    onUpsert: (key, value, previous) =>
      seen.push(`${previous === undefined ? 'add' : 'change'} ${key} ${(value as KubeObject | undefined)?.data ?? ''}`.trim()),
    onDelete: (key) => seen.push(`delete ${key}`),
    onSynced: () => seen.push('synced'),
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  const last = (): Stream => streams.at(-1)!;
  return { clock, lists, asked, streams, last, informer, seen, stop, running };
}

const list = (version: number, ...items: readonly KubeObject[]): KubeList => ({ metadata: { resourceVersion: String(version) }, items });

/** A world that has listed `items` at `version` and watches. */
async function watching(version: number, ...items: readonly KubeObject[]) {
  const it = world();
  it.lists.push(list(version, ...items));
  await settle();
  it.seen.length = 0;
  return it;
}

describe('an informer', () => {
  it('lists, tells what is there, and watches from the version of the list', async () => {
    const it = world({ namespace: 'n', labelSelector: 'a=b' });
    it.lists.push(list(5, object('a', 3), object('b', 4)));
    await it.informer.synced;
    await settle();
    expect(it.seen).toEqual(['add n/a', 'add n/b', 'synced']);
    expect(it.asked).toEqual([{ namespace: 'n', labelSelector: 'a=b', limit: 500 }]);
    expect(it.last().options).toEqual({
      namespace: 'n',
      labelSelector: 'a=b',
      resourceVersion: '5',
      allowWatchBookmarks: true,
      timeoutSeconds: 60,
    });
    expect(it.informer.state()).toMatchObject({ phase: 'watching', synced: true, lists: 1, watches: 1, failures: 0 });
    it.stop.abort();
    await it.running;
    expect(it.informer.state().phase).toBe('stopped');
    expect(it.clock.pending).toBe(0);
  });

  it('follows additions, changes and deletions', async () => {
    const it = await watching(5, object('a', 3));
    await it.last().send(event('ADDED', 'b', 6, 'x'), event('MODIFIED', 'a', 7, 'y'), event('DELETED', 'b', 8));
    expect(it.seen).toEqual(['add n/b x', 'change n/a y', 'delete n/b']);
    expect([...it.informer.store.keys()]).toEqual(['n/a']);
  });

  it('tells a late subscriber that the copy is complete', async () => {
    const it = await watching(5);
    let told = 0;
    const leave = it.informer.subscribe({ onSynced: () => (told += 1), onUpsert: () => (told += 10) });
    leave();
    await it.last().send(event('ADDED', 'b', 6));
    expect(told).toBe(1);
  });

  it('resumes a watch that ended from the last version it heard of, bookmarks included', async () => {
    const it = await watching(5, object('a', 3));
    await it.last().send(event('MODIFIED', 'a', 6), bookmark(9));
    await it.clock.advance(50_000);
    await it.last().end();
    expect(it.streams).toHaveLength(2);
    expect(it.last().options.resourceVersion).toBe('9');
    expect(it.informer.state().lists).toBe(1);
  });

  it('resumes after a broken connection, with back-off, without a new list', async () => {
    const it = await watching(5, object('a', 3));
    await it.last().send(new KubeTransportError('WATCH', new Error('reset')));
    expect(it.informer.state()).toMatchObject({ phase: 'waiting', failures: 1, lastError: expect.stringContaining('WATCH') });
    await it.clock.advance(999);
    expect(it.streams).toHaveLength(1);
    await it.clock.advance(1);
    expect(it.last().options.resourceVersion).toBe('5');
    expect(it.asked).toHaveLength(1);
  });

  it('lists anew at once on 410 inside the stream, and on HTTP 410', async () => {
    for (const gone of [{ type: 'ERROR', object: status(410, 'Expired') } as WatchEvent, refused(410, 'Expired')]) {
      const it = await watching(5, object('a', 3), object('b', 4));
      it.lists.push(list(20, object('b', 4), object('c', 15)));
      await it.last().send(gone);
      expect(it.seen).toEqual(['delete n/a', 'add n/c']);
      expect(it.last().options.resourceVersion).toBe('20');
    }
  });

  it('keeps every object in sight while a list is on its way', async () => {
    const it = await watching(5, object('a', 3), object('b', 4));
    it.lists.push({ metadata: { resourceVersion: '20', continue: 't' }, items: [object('a', 3)] }, refused(503, 'ServiceUnavailable'));
    await it.last().send({ type: 'ERROR', object: status(410, 'Expired') });
    expect([...it.informer.store.keys()]).toEqual(['n/a', 'n/b']);
    it.lists.push({ metadata: { resourceVersion: '21', continue: 't' }, items: [object('a', 3)] }, list(21, object('b', 4)));
    await it.clock.advance(1_000);
    expect([...it.informer.store.keys()]).toEqual(['n/a', 'n/b']);
    expect(it.seen).toEqual([]);
  });

  it('takes a stream that falls silent for dead, though it is deaf to its signal', async () => {
    const it = await watching(5, object('a', 3));
    const first = it.last();
    it.lists.push(list(9, object('a', 8, 'new')));
    await it.clock.advance(74_999);
    expect(first.signal?.aborted).toBe(false);
    await it.clock.advance(1);
    expect(first.signal?.aborted).toBe(true);
    await it.clock.advance(1_000);
    expect(it.seen).toEqual(['change n/a new']);
    expect(it.streams).toHaveLength(2);
  });

  it('does not take bookmarks for silence', async () => {
    const it = await watching(5);
    for (let minute = 1; minute <= 3; minute += 1) {
      await it.clock.advance(60_000);
      await it.last().send(bookmark(5 + minute));
    }
    expect(it.streams).toHaveLength(1);
    expect(it.informer.state().silentMs).toBe(0);
  });

  it('never lets an older state overwrite a newer one, nor a late event raise the dead', async () => {
    const it = await watching(5, object('a', 4));
    await it
      .last()
      .send(
        event('MODIFIED', 'a', 10, 'new'),
        event('MODIFIED', 'a', 8, 'old'),
        event('DELETED', 'a', 7),
        event('MODIFIED', 'a', 10, 'again'),
      );
    expect(it.seen).toEqual(['change n/a new']);
    await it.last().send(event('DELETED', 'a', 11), event('MODIFIED', 'a', 9, 'old'));
    expect(it.informer.store.has('n/a')).toBe(false);
    await it.last().send(event('ADDED', 'a', 12, 'born again'));
    expect(it.seen).toEqual(['change n/a new', 'delete n/a', 'add n/a born again']);
  });

  it('does not believe a list older than what it knows, until the server insists', async () => {
    const it = await watching(50, object('a', 40, 'new'));
    it.lists.push(list(30, object('a', 20, 'old')));
    await it.last().send({ type: 'ERROR', object: status(410, 'Expired') });
    expect(it.informer.state()).toMatchObject({ staleLists: 1, phase: 'waiting' });
    expect((it.informer.store.get('n/a') as KubeObject).data).toBe('new');
    it.lists.push(list(30, object('a', 20, 'old')), list(30, object('a', 20, 'old')), list(30, object('a', 20, 'restored')));
    await it.clock.advance(60_000);
    expect((it.informer.store.get('n/a') as KubeObject).data).toBe('restored');
    expect(it.last().options.resourceVersion).toBe('30');
  });

  it('waits longer and longer for an API that is away, and then syncs', async () => {
    const it = world();
    await it.clock.advance(1_000 + 2_000 + 4_000 + 8_000 + 16_000 + 30_000 + 30_000);
    expect(it.asked).toHaveLength(8);
    expect(it.informer.state()).toMatchObject({ synced: false, failures: 8 });
    it.lists.push(list(1, object('a', 1)));
    await it.clock.advance(30_000);
    expect(it.seen).toEqual(['add n/a', 'synced']);
  });

  it('honours Retry-After', async () => {
    const it = world();
    it.lists.push(new KubeApiError('GET', status(429, 'TooManyRequests'), 429, 20));
    await it.clock.advance(19_999);
    expect(it.asked).toHaveLength(1);
    await it.clock.advance(1);
    expect(it.asked).toHaveLength(2);
  });

  it('does not spin when the server ends every watch at once', async () => {
    const it = await watching(5);
    for (let round = 0; round < 3; round += 1) {
      await it.last().end();
      await it.clock.advance(round === 0 ? 1_000 : 2_000 * 2 ** (round - 1));
    }
    expect(it.streams).toHaveLength(4);
  });

  it('leaves out what makes no sense and keeps the rest', async () => {
    const it = world();
    it.lists.push(list(5, null as never, { metadata: {} }, object('a', 1), {} as never));
    await settle();
    await it.last().send({ type: 'ADDED', object: {} as never }, event('ADDED', 'b', 6));
    expect([...it.informer.store.keys()]).toEqual(['n/a', 'n/b']);
    expect(it.informer.state().malformed).toBe(4);
  });

  it('keeps bare keys of objects that the transform leaves out, and sees them change into more', async () => {
    const it = world({ transform: (found: KubeObject) => (found.data === '' ? undefined : found) });
    it.lists.push(list(5, object('a', 1), object('b', 2, 'x')));
    await settle();
    expect(it.informer.store.get('n/a')).toBeUndefined();
    expect(it.informer.store.has('n/a')).toBe(true);
    await it.last().send(event('MODIFIED', 'a', 6, 'y'), event('MODIFIED', 'b', 7));
    expect([...it.informer.store.values()]).toEqual([object('a', 6, 'y')]);
    expect(it.informer.store.size).toBe(2);
  });

  it('ends with what a handler throws', async () => {
    const it = world();
    it.informer.subscribe({
      onSynced: () => {
        throw new Error('a bug');
      },
    });
    it.lists.push(list(5));
    await expect(it.running).rejects.toThrow('a bug');
  });

  it('agrees with a fresh list after any mix of duplicate, reordered and lost events', async () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const step = fc.record({ name: names, kind: fc.constantFrom('put', 'delete') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.infiniteStream(fc.nat(9)), async (steps, dice) => {
        const truth = new Map<string, KubeObject>();
        const events: WatchEvent[] = [];
        let version = 10;
        for (const { name, kind } of steps) {
          version += 1;
          if (kind === 'put') {
            events.push(event(truth.has(name) ? 'MODIFIED' : 'ADDED', name, version, `v${version}`));
            truth.set(name, object(name, version, `v${version}`));
          } else if (truth.delete(name)) events.push(event('DELETED', name, version));
        }
        const mangled: WatchEvent[] = [];
        for (const one of events) {
          const roll = dice.next().value ?? 0;
          if (roll === 0) continue;
          if (roll === 1) mangled.push(one);
          if (roll === 2) mangled.splice(Math.max(0, mangled.length - 2), 0, one);
          else mangled.push(one);
        }
        const it = await watching(10);
        await it.last().send(...mangled);
        it.lists.push(list(version, ...truth.values()));
        await it.last().send({ type: 'ERROR', object: status(410, 'Expired') });
        expect(new Map([...it.informer.store.keys()].map((key) => [key, it.informer.store.get(key)]))).toEqual(
          new Map([...truth].map(([name, value]) => [`n/${name}`, value])),
        );
        it.stop.abort();
        await it.running;
      }),
      { numRuns: 40 },
    );
  });
});
