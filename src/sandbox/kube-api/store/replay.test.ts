import fc from 'fast-check';
import { expect, test } from 'vitest';
import { replay } from './replay.ts';
import { Store, type StoreEvent } from './store.ts';

const step = fc.record({
  bucket: fc.constantFrom('pods', 'secrets'),
  key: fc.constantFrom('a/x', 'a/y', 'b/x'),
  act: fc.constantFrom('create', 'update', 'remove'),
});

test('a snapshot of any moment with the writes since is what the store holds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, cut) => {
      const store = new Store();
      const writes: StoreEvent[] = [];
      store.subscribe((event) => writes.push(event));
      let early = store.snapshot();
      for (const [index, { bucket, key, act }] of steps.entries()) {
        if (index === cut) early = store.snapshot();
        const seen = store.get(bucket, key);
        if (act === 'create') store.create(bucket, key, { metadata: { name: key, resourceVersion: '' } });
        else if (seen && act === 'update') store.update(bucket, key, { ...seen, data: index }, seen);
        else if (seen) store.remove(bucket, key, seen);
      }
      const again = new Store();
      again.restore(replay(early, writes));
      expect(again.revision).toBe(store.revision);
      for (const bucket of ['pods', 'secrets']) expect(again.list(bucket)).toEqual(store.list(bucket));
    }),
    { numRuns: 100 },
  );
});
