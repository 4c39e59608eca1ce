import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../src/host/system-clock.ts';
import type { KubeClient, WatchOptions } from '../../../src/kube/client/kube-client.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import { resources } from '../../../src/kube/core/resource.ts';
import { INITIAL_EVENTS_END, type WatchEvent } from '../../../src/kube/core/watch-event.ts';
import { createInformer } from '../../../src/kube/runtime/informer.ts';
import { inWorld } from '../../support/worlds/world.ts';
import { openDeafProxy } from './deaf-proxy.ts';
import { refusal } from './refusal.ts';

inWorld('kube-client: lists and watches', (world) => {
  const namespace = `watches-${randomBytes(3).toString('hex')}`;
  let kube: KubeClient;
  beforeAll(async () => {
    kube = world().kubeClient();
    await kube.create(resources.namespaces, { metadata: { name: namespace } });
    // They come with the namespace, in their own time.
    for (;;) {
      if ((await kube.find(resources.configMaps, { namespace, name: 'kube-root-ca.crt' })) !== undefined) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  afterAll(async () => {
    await kube.delete(resources.namespaces, { name: namespace });
    kube.close();
  });
  const make = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>): Promise<KubeObject> =>
    kube.create(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name, ...(labels === undefined ? {} : { labels }) },
      data,
    });
  const version = async (): Promise<string> => (await kube.list(resources.configMaps, { namespace })).metadata.resourceVersion ?? '';
  const tell = (event: WatchEvent): string =>
    event.type === 'ERROR'
      ? `ERROR ${event.object.code} ${event.object.reason}`
      : `${event.type} ${event.object.metadata.name ?? ''}`.trimEnd();

  /** Events until `enough`, or the end of the stream. */
  async function collect(options: WatchOptions, enough: (events: readonly WatchEvent[]) => boolean): Promise<readonly WatchEvent[]> {
    const events: WatchEvent[] = [];
    const ending = new AbortController();
    const stream = kube.watch(
      resources.configMaps,
      { namespace, ...options },
      AbortSignal.any([ending.signal, AbortSignal.timeout(30_000)]),
    );
    for await (const event of stream) {
      events.push(event);
      if (enough(events)) break;
    }
    ending.abort();
    return events;
  }
  const never = (): boolean => false;

  it('a watch tells what happened since its version, in order, with the version of each change', async () => {
    const resourceVersion = await version();
    await make('one');
    await kube.mergePatch(resources.configMaps, { namespace, name: 'one' }, { data: { a: '1' } });
    // No change, no event.
    await kube.mergePatch(resources.configMaps, { namespace, name: 'one' }, { data: { a: '1' } });
    await kube.delete(resources.configMaps, { namespace, name: 'one' });
    const events = await collect({ resourceVersion }, (seen) => seen.length === 3);
    expect(events.map(tell)).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one']);
    const versions = events.map(({ object }) => Number((object as KubeObject).metadata.resourceVersion));
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  });

  it('what leaves a selection is told as deleted', async () => {
    const resourceVersion = await version();
    await make('labelled', {}, { team: 'a' });
    await kube.mergePatch(resources.configMaps, { namespace, name: 'labelled' }, { metadata: { labels: { team: 'b' } } });
    const events = await collect({ resourceVersion, labelSelector: 'team=a' }, (seen) => seen.length === 2);
    expect(events.map(tell)).toEqual(['ADDED labelled', 'DELETED labelled']);
  });

  it('initial events come first and end with a marked bookmark', async () => {
    await make('initial');
    const events = await collect({ sendInitialEvents: true, allowWatchBookmarks: true }, (seen) => seen.at(-1)?.type === 'BOOKMARK');
    expect(events.slice(0, -1).map(tell).sort()).toEqual(['ADDED initial', 'ADDED kube-root-ca.crt', 'ADDED labelled']);
    const { metadata } = events.at(-1)!.object as KubeObject;
    expect(metadata.annotations).toEqual({ [INITIAL_EVENTS_END]: 'true' });
    expect(Number(metadata.resourceVersion)).toBeGreaterThan(0);
  });

  it('a watch ends when its seconds are over, cleanly, with a bookmark before where something moved', async () => {
    const resourceVersion = await version();
    await make('late');
    // What moves out of its sight a watch learns by bookmarks alone.
    const elsewhere = { metadata: { namespace: 'default', name: namespace } };
    const start = performance.now();
    setTimeout(() => void kube.create(resources.configMaps, elsewhere), 500);
    const events = await collect({ resourceVersion, timeoutSeconds: 5, allowWatchBookmarks: true }, never);
    expect(performance.now() - start).toBeGreaterThan(4_500);
    expect([...new Set(events.map(tell))]).toEqual(['ADDED late', 'BOOKMARK']);
    await kube.delete(resources.configMaps, elsewhere.metadata);
  });

  it('a watch from before the memory of the server is an ERROR event of code 410, and a list as of then a refusal', async () => {
    const resourceVersion = await version();
    await make('remembered');
    const first = await kube.list(resources.configMaps, { namespace, limit: 1 });
    await kube.mergePatch(resources.configMaps, { namespace, name: 'remembered' }, { data: { a: '1' } });
    await world().forgetHistory();
    await make('z-afterwards');
    const events = await collect({ resourceVersion, timeoutSeconds: 3 }, never);
    expect(events.map(tell)).toEqual(['ERROR 410 Expired']);
    const listed = await refusal(
      kube.raw('GET', `/api/v1/namespaces/${namespace}/configmaps?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`),
    );
    expect([listed.httpStatus, listed.status.reason]).toEqual([410, 'Expired']);
    const continued = await refusal(kube.list(resources.configMaps, { namespace, limit: 1, continue: first.metadata.continue ?? '' }));
    expect([continued.httpStatus, continued.status.reason]).toEqual([410, 'Expired']);
    // The refusal carries the way on, over a list that is not one moment's.
    const rest = await kube.list(resources.configMaps, { namespace, continue: String(continued.status.metadata.continue) });
    expect(rest.items.map(({ metadata }) => metadata.name)).toContain('z-afterwards');
  });

  it('pages hold the moment of the first one', async () => {
    for (const name of ['p0', 'p1', 'p2', 'p3', 'p4']) await make(name, {}, { page: 'yes' });
    const page = (token?: string): ReturnType<typeof kube.list> =>
      kube.list(resources.configMaps, { namespace, limit: 2, ...(token === undefined ? {} : { continue: token }) });
    const first = await page();
    await kube.delete(resources.configMaps, { namespace, name: 'p4' });
    await make('p5', {}, { page: 'yes' });
    const names = first.items.map(({ metadata }) => metadata.name);
    for (let next = first.metadata.continue; next !== undefined && next !== ''; ) {
      const following = await page(next);
      expect(following.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      names.push(...following.items.map(({ metadata }) => metadata.name));
      next = following.metadata.continue;
    }
    expect(names).toEqual([...names].sort());
    expect(names).toContain('p4');
    expect(names).not.toContain('p5');
  });

  it('an informer notices that its connection is half open, and comes back with what it missed', async () => {
    const proxy = await openDeafProxy(Number(new URL(world().credentials.server).port));
    const throughProxy = world().kubeClient({ server: `https://127.0.0.1:${proxy.port}` });
    const clock = systemClock();
    const ending = new AbortController();
    const informer = createInformer({
      client: throughProxy,
      resource: resources.configMaps,
      namespace,
      clock,
      random: Math.random,
      silenceMs: 1_500,
    });
    const running = informer.run(ending.signal);
    await informer.synced;
    const appears = async (name: string): Promise<void> => {
      while (informer.store.get(`${namespace}/${name}`) === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    while (informer.state().phase !== 'watching') await new Promise((resolve) => setTimeout(resolve, 10));
    await make('heard');
    await appears('heard');
    proxy.goDeaf();
    await make('missed');
    await appears('missed');
    expect(informer.state().lists).toBeGreaterThanOrEqual(2);
    ending.abort();
    await running;
    throughProxy.close();
    await proxy.close();
  });
});
