import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../../../../test/conformance/server.ts';
import { FakeClock, settle } from '../../../../test/support/fake-clock.ts';

const PATH = '/api/v1/namespaces/default/secrets';

interface Event {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly metadata: { readonly name?: string; readonly resourceVersion: string; readonly annotations?: object };
    readonly message?: string;
  };
}

/** The lines of a watch as they come. */
class Watching {
  readonly events: Event[] = [];
  ended = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.#reader = response.body!.getReader();
    void this.#read();
  }

  get summary(): readonly string[] {
    return this.events.map(({ type, object }) => (object.metadata.name ? `${type} ${object.metadata.name}` : type));
  }

  stop(): Promise<void> {
    return this.#reader.cancel();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) {
      const lines = (rest + decoder.decode(next.value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      this.events.push(...lines.map((line) => JSON.parse(line)));
    }
    this.ended = true;
  }
}

describe('watches', () => {
  let clock: FakeClock;
  let world: World;
  const watch = async (query: string): Promise<Watching> => new Watching(await world.ask({ path: `${PATH}?watch=1&${query}` }));
  const create = (name: string, labels: object = {}): Promise<unknown> => world.make(PATH, { metadata: { name, labels } });
  const patch = (name: string, body: object): Promise<Response> =>
    world.ask({ method: 'PATCH', path: `${PATH}/${name}`, body, contentType: 'application/merge-patch+json' });
  const revision = (): number => world.api.store.revision;

  beforeEach(async () => {
    clock = new FakeClock();
    world = await startWorld({ clock });
    await clock.advance(1);
  });
  afterEach(() => world.api.close());

  test('without a version begin with what is there, with one after it', async () => {
    await create('a');
    const since = revision();
    await create('b');
    const all = await watch('');
    const later = await watch(`resourceVersion=${since}`);
    await create('c');
    await settle();
    expect(all.summary).toStrictEqual(['ADDED a', 'ADDED b', 'ADDED c']);
    expect(later.summary).toStrictEqual(['ADDED b', 'ADDED c']);
  });

  test('of more objects than may wait for a client begin with all of them', async () => {
    const count = 10_100;
    const { store } = world.api;
    for (let index = 0; index < count; index++) {
      const key = `default/s${index}`;
      const metadata = { name: `s${index}`, namespace: 'default', uid: String(index) };
      store.create('secrets', key, { kind: 'Secret', apiVersion: 'v1', metadata });
    }
    const watching = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
    await settle();
    expect([watching.events.length, watching.events.at(-1)?.type, watching.ended]).toStrictEqual([count + 1, 'BOOKMARK', false]);
    await create('late');
    await settle();
    expect(watching.summary.at(-1)).toBe('ADDED late');
    expect(watching.events.filter(({ type }) => type === 'ADDED')).toHaveLength(count + 1);
  });

  test('see objects enter and leave a selection', async () => {
    const watching = await watch('labelSelector=in%3Dyes');
    await create('a');
    await patch('a', { metadata: { labels: { in: 'yes' } } });
    await patch('a', { data: { x: 'eQ==' } });
    await patch('a', { metadata: { labels: { in: 'no' } } });
    await world.ask({ method: 'DELETE', path: `${PATH}/a` });
    await settle();
    expect(watching.summary).toStrictEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect(watching.events[2]!.object.metadata.resourceVersion).toBe(String(revision() - 1));
  });

  test('are told nothing of a write that changes nothing', async () => {
    await create('a');
    const watching = await watch(`resourceVersion=${revision()}`);
    await patch('a', { data: { x: 'eQ==' } });
    await patch('a', { data: { x: 'eQ==' } });
    await settle();
    expect(watching.summary).toStrictEqual(['MODIFIED a']);
  });

  test('get a bookmark each minute once something has moved, and one before they end', async () => {
    const watching = await watch(`resourceVersion=${revision()}&allowWatchBookmarks=true&timeoutSeconds=130`);
    await clock.advance(60_000);
    expect(watching.summary).toStrictEqual([]);
    await create('a');
    await clock.advance(60_000);
    expect(watching.summary).toStrictEqual(['ADDED a', 'BOOKMARK']);
    expect(watching.events[1]!.object.metadata).toStrictEqual({ resourceVersion: String(revision()) });
    await clock.advance(10_000);
    expect(watching.summary).toStrictEqual(['ADDED a', 'BOOKMARK', 'BOOKMARK']);
    expect(watching.ended).toBe(true);
  });

  test('are brought forward by a bookmark where another namespace moved', async () => {
    const watching = await watch(`resourceVersion=${revision()}&allowWatchBookmarks=true&timeoutSeconds=5`);
    await world.make('/api/v1/namespaces/kube-system/secrets', { metadata: { name: 'elsewhere' } });
    const moved = revision();
    await clock.advance(5_000);
    expect(watching.summary).toStrictEqual(['BOOKMARK']);
    expect(watching.events[0]!.object.metadata).toStrictEqual({ resourceVersion: String(moved) });
  });

  test('mark the end of the initial events, also of a watch from 0', async () => {
    await create('a');
    const streaming = await watch('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
    const plain = await watch('resourceVersion=0&allowWatchBookmarks=true');
    await settle();
    for (const watching of [streaming, plain]) {
      expect(watching.summary).toStrictEqual(['ADDED a', 'BOOKMARK']);
      expect(watching.events[1]!.object.metadata.annotations).toStrictEqual({ 'k8s.io/initial-events-end': 'true' });
    }
  });

  test('end with one error when their version is no longer in the history', async () => {
    const old = revision();
    await create('a');
    world.api.store.compact();
    const watching = await watch(`resourceVersion=${old}`);
    await settle();
    expect(watching.events).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', reason: 'Expired', code: 410 } }]);
    expect(watching.ended).toBe(true);
  });

  test('end when the server closes', async () => {
    const watching = await watch('');
    await world.api.close();
    await settle();
    expect(watching.ended).toBe(true);
  });

  test('leave nothing behind when the client goes', async () => {
    await settle();
    const timers = clock.pending;
    const watching = await watch('allowWatchBookmarks=true');
    await watching.stop();
    await settle();
    expect(clock.pending).toBe(timers);
  });

  test('name the columns of a table once', async () => {
    const response = await world.ask({ path: `${PATH}?watch=1&timeoutSeconds=1`, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    await create('a');
    await create('b');
    await clock.advance(1_000);
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.object.columnDefinitions?.length ?? null)).toStrictEqual([4, null]);
  });
});

describe('lists', () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    for (const name of ['a', 'b', 'c', 'd']) await world.make('/api/v1/namespaces/default/serviceaccounts', { metadata: { name } });
  });
  afterEach(() => world.api.close());
  const list = async (query: string) => (await world.ask({ path: `/api/v1/namespaces/default/serviceaccounts?${query}` })).json();
  const names = (page: { items: { metadata: { name: string } }[] }): string[] =>
    page.items.map((item) => item.metadata.name).filter((name) => name.length === 1);

  test('go on in pages as of the first page, whatever is written in between', async () => {
    const first = await list('limit=2');
    await world.ask({ method: 'DELETE', path: '/api/v1/namespaces/default/serviceaccounts/d' });
    await world.make('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'z' } });
    const second = await list(`limit=500&continue=${first.metadata.continue}`);
    expect([...names(first), ...names(second)]).toStrictEqual(['a', 'b', 'c', 'd']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(second.metadata.continue).toBeUndefined();
  });

  test('go on inconsistently with the token that an expired one is answered with', async () => {
    const first = await list('limit=2');
    world.api.store.compact();
    await world.make('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'e' } });
    world.api.store.compact();
    const expired = await list(`limit=2&continue=${first.metadata.continue}`);
    expect(expired).toMatchObject({ code: 410, reason: 'Expired' });
    expect(names(await list(`continue=${expired.metadata.continue}`))).toStrictEqual(['c', 'd', 'e']);
  });

  test('can be asked for exactly as they were', async () => {
    const before = world.api.store.revision;
    await world.ask({ method: 'DELETE', path: '/api/v1/namespaces/default/serviceaccounts/a' });
    expect(names(await list(`resourceVersion=${before}&resourceVersionMatch=Exact`))).toStrictEqual(['a', 'b', 'c', 'd']);
    expect(names(await list(''))).toStrictEqual(['b', 'c', 'd']);
  });
});
