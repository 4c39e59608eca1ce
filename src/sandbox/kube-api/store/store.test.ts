import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../kube/core/object.ts';
import { Store, type StoreEvent } from './store.ts';

const object = (name: string, data = ''): KubeObject => ({ kind: 'ConfigMap', metadata: { name, resourceVersion: '0' }, data });

describe('a store', () => {
  test('counts one revision for all buckets and writes it into the object', () => {
    const store = new Store();
    const before = store.revision;
    store.create('a', 'x', object('x'));
    const second = store.create('b', 'y', object('y'));
    expect(store.revision).toBe(before + 2);
    expect(second).toMatchObject({ ok: true, object: { metadata: { resourceVersion: String(before + 2) } } });
  });

  test('keeps the place of resourceVersion among the members of metadata', () => {
    const store = new Store();
    store.create('a', 'x', { metadata: { name: 'x', resourceVersion: '0', labels: {} } });
    expect(Object.keys(store.get('a', 'x')!.metadata)).toStrictEqual(['name', 'resourceVersion', 'labels']);
  });

  test('refuses to create twice, and to write what somebody else has changed or removed', () => {
    const store = new Store();
    store.create('a', 'x', object('x'));
    const seen = store.get('a', 'x')!;
    expect(store.create('a', 'x', object('x'))).toStrictEqual({ ok: false, reason: 'exists' });
    store.update('a', 'x', object('x', '1'), seen);
    expect(store.update('a', 'x', object('x', '2'), seen)).toStrictEqual({ ok: false, reason: 'changed' });
    expect(store.remove('a', 'x', seen)).toStrictEqual({ ok: false, reason: 'changed' });
    store.remove('a', 'x', store.get('a', 'x')!);
    expect(store.update('a', 'x', object('x'), seen)).toStrictEqual({ ok: false, reason: 'gone' });
  });

  test('lists in the order of bytes of the whole key, as etcd does', () => {
    const store = new Store();
    for (const key of ['b/x', 'a/x', 'a-b/x', 'a/b', 'a0/x']) store.create('p', key, object(key));
    expect(store.list('p').map((entry) => entry.key)).toStrictEqual(['a-b/x', 'a/b', 'a/x', 'a0/x', 'b/x']);
    expect(store.list('p', 'a/').map((entry) => entry.key)).toStrictEqual(['a/b', 'a/x']);
  });

  test('a deletion carries its own revision and the last state', () => {
    const store = new Store();
    store.create('a', 'x', object('x', '1'));
    const events: StoreEvent[] = [];
    store.subscribe((event) => events.push(event));
    store.remove('a', 'x', store.get('a', 'x')!);
    expect(events).toMatchObject([{ type: 'DELETED', object: { data: '1', metadata: { resourceVersion: String(store.revision) } } }]);
  });

  test('forgets the oldest events, and says so to who asks for them', () => {
    const store = new Store({ historyLimit: 4 });
    const start = store.revision;
    for (let index = 0; index < 6; index++) store.create('a', `x${index}`, object('x'));
    expect(store.since(start)).toBeUndefined();
    expect(store.since(store.revision - 4)).toHaveLength(4);
    expect(store.listAt('a', '', start)).toStrictEqual({ ok: false, reason: 'too-old' });
  });

  test('a snapshot brings everything back but the history', () => {
    const store = new Store();
    store.create('a', 'x', object('x', '1'));
    const snapshot = JSON.parse(JSON.stringify(store.snapshot()));
    const other = new Store();
    other.restore(snapshot);
    expect(other.list('a')).toStrictEqual(store.list('a'));
    expect(other.revision).toBe(store.revision);
    expect(other.since(store.revision - 1)).toBeUndefined();
    expect(other.since(store.revision)).toStrictEqual([]);
  });

  test('a list at an earlier revision is what a list then was', () => {
    const step = fc.record({ key: fc.constantFrom('n/a', 'n/b', 'm/a'), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const store = new Store();
        const then: { readonly revision: number; readonly list: unknown }[] = [];
        for (const [index, { key, remove }] of steps.entries()) {
          const live = store.get('p', key);
          if (remove && live) store.remove('p', key, live);
          else if (live) store.update('p', key, object(key, String(index)), live);
          else store.create('p', key, object(key, String(index)));
          then.push({ revision: store.revision, list: store.list('p', 'n/') });
        }
        for (const { revision, list } of then) expect(store.listAt('p', 'n/', revision)).toStrictEqual({ ok: true, entries: list });
      }),
      { numRuns: 100 },
    );
  });
});
