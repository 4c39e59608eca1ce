import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { applyPatch as oracle } from 'fast-json-patch';
import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from './json-patch.ts';
import { listKeysOf } from './list-keys.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMerge } from './strategic-merge.ts';

const sample = (name: string) => JSON.parse(readFileSync(new URL(`../../../../test/conformance/samples/${name}`, import.meta.url), 'utf8'));

describe('applyJsonPatch', () => {
  const object = { data: { a: '1' }, list: ['x', 'y'] };
  const run = (...patch: object[]) => {
    const outcome = applyJsonPatch<unknown>(object, patch);
    return outcome.ok ? outcome.object : [outcome.status, outcome.detail];
  };

  it('answers a failed test as the real API server does', () => {
    const outcome = applyJsonPatch(object, [{ op: 'test', path: '/data/a', value: '2' }]);
    const real = sample('json-patch.test-failed.422.json');
    expect(outcome.ok ? [] : [outcome.status, outcome.message]).toEqual([real.code, real.message]);
  });

  it.each<[object, unknown]>([
    [
      { op: 'add', path: '/data/b', value: 1 },
      { ...object, data: { a: '1', b: 1 } },
    ],
    [
      { op: 'add', path: '/list/1', value: 'z' },
      { ...object, list: ['x', 'z', 'y'] },
    ],
    [
      { op: 'add', path: '/list/-', value: 'z' },
      { ...object, list: ['x', 'y', 'z'] },
    ],
    [
      { op: 'remove', path: '/list/0' },
      { ...object, list: ['y'] },
    ],
    [{ op: 'move', from: '/list', path: '/data/l' }, { data: { a: '1', l: ['x', 'y'] } }],
    [
      { op: 'copy', from: '/data/a', path: '/b' },
      { ...object, b: '1' },
    ],
    [{ op: 'replace', path: '', value: { b: 1 } }, { b: 1 }],
    [
      { op: 'replace', path: '/data/q', value: '1' },
      { ...object, data: { a: '1', q: '1' } },
    ],
    [
      { op: 'add', path: '/data/b' },
      { ...object, data: { a: '1', b: null } },
    ],
    [{ op: 'test', path: '/data/nope', value: null }, object],
    [{ op: 'nope', path: '/a' }, [422, 'Unexpected kind: nope']],
    [{ op: 'add', path: 'data', value: 1 }, [422, 'add operation failed to decode path: missing value']],
    [{ op: 'add', path: '/a~2', value: 1 }, [422, 'add operation failed to decode path: missing value']],
    [{ op: 'move', path: '/a' }, [422, 'move operation failed to decode from: missing value']],
    [{ op: 'add', path: '/no/b', value: 1 }, [422, 'add operation does not apply: doc is missing path: "/no/b": missing value']],
    [
      { op: 'add', path: '/list/9', value: 1 },
      [422, "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced"],
    ],
    [
      { op: 'remove', path: '/data/zz' },
      [422, "error in remove for path: '/data/zz': Unable to remove nonexistent key: zz: missing value"],
    ],
    [{ op: 'replace', path: '/no/b', value: 1 }, [422, 'replace operation does not apply: doc is missing path: /no/b: missing value']],
    [{ op: 'replace', path: '/list/7', value: 1 }, [422, 'replace operation does not apply: doc is missing key: /list/7: missing value']],
    [{ op: 'test', path: '/data/a/0', value: '1' }, [422, 'test operation does not apply: is missing path: /data/a/0: missing value']],
    [{ op: 'add', path: '/__proto__/x', value: 1 }, [422, 'add operation failed to decode path: missing value']],
    [{ op: 'test', path: '/data/a', value: 2 }, [422, 'testing value /data/a failed: test failed']],
    [{ op: 'copy', from: '/no/b', path: '/b' }, [422, 'copy operation does not apply: doc is missing from path: /no/b: missing value']],
  ])('%j', (operation, result) => {
    expect(run(operation)).toEqual(result);
  });

  it('is all or nothing, and leaves its argument alone', () => {
    const before = structuredClone(object);
    expect(run({ op: 'remove', path: '/data' }, { op: 'test', path: '/list', value: [] })).toEqual([
      422,
      'testing value /list failed: test failed',
    ]);
    expect(object).toEqual(before);
  });

  it.each<[unknown, string]>([
    [{ op: 'add' }, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    [[1], 'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'],
    [new Array(10_001).fill({}), 'The allowed maximum operations in a JSON patch is 10000, got 10001'],
  ])('refuses with 400 what is no patch', (patch, message) => {
    const outcome = applyJsonPatch(object, patch);
    expect(outcome.ok ? [] : [outcome.status, outcome.message]).toEqual([400, message]);
  });

  it('makes of what two libraries apply the same object', () => {
    const segment = fc.constantFrom('a', 'b', '0', '1', '-', 'x~1y');
    const path = fc.array(segment, { maxLength: 3 }).map((segments) => segments.map((each) => `/${each}`).join(''));
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy'),
      path,
      from: path,
      value: fc.constantFrom(1, {}, [], null, { a: [] }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), (patch) => {
        const document = { a: { a: 1, b: [1, { a: 2 }] }, b: [[], 'x'] };
        const outcome = applyJsonPatch<unknown>(document, patch);
        if (!outcome.ok) {
          expect(outcome.detail).not.toBe('');
          return;
        }
        // The lax cases, which the other library applies by the letter of the RFC.
        if (patch.some(({ op, from, path: to }) => op === 'replace' || from === '' || to === '' || to.startsWith(from))) return;
        const other = oracle(structuredClone(document), structuredClone(patch) as never, false).newDocument;
        expect(outcome.object).toEqual(other);
      }),
      { numRuns: 300 },
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())),
        (document, patch) => typeof applyJsonPatch(document, patch).ok === 'boolean',
      ),
    );
  });
});

describe('applyMergePatch', () => {
  // The table of RFC 7386, appendix A.
  it.each<[unknown, unknown, unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j patched by %j', (target, patch, result) => {
    expect(applyMergePatch(target, patch)).toEqual(result);
  });
});

describe('applyStrategicMerge', () => {
  const pods = listKeysOf('', 'Pod');
  const merged = (object: unknown, patch: unknown) => {
    const outcome = applyStrategicMerge(object, patch, pods);
    return outcome.ok ? outcome.object : [outcome.status, outcome.message];
  };
  const main = {
    name: 'main',
    image: 'a:1',
    env: [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ],
  };
  const side = { name: 'side', image: 'b:1' };
  const pod = (...containers: object[]) => ({ spec: { containers } });

  it.each<[string, object, object, unknown]>([
    [
      'merges containers and their environment by name',
      pod(main, side),
      pod({ name: 'main', env: [{ name: 'B', value: '3' }] }),
      pod(
        {
          ...main,
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '3' },
          ],
        },
        side,
      ),
    ],
    ['puts what is new first, unless told an order', pod(main), pod(side), pod(side, main)],
    ['deletes an item by its key', pod(main, side), pod({ name: 'main', $patch: 'delete' }), pod(side)],
    ['replaces a list', pod(main), pod(side, { $patch: 'replace' }), pod(side)],
    [
      'replaces an object',
      { metadata: { labels: { a: '1' } } },
      { metadata: { labels: { b: '1', $patch: 'replace' } } },
      { metadata: { labels: { b: '1' } } },
    ],
    [
      'empties an object',
      { metadata: { labels: { a: '1' } } },
      { metadata: { labels: { $patch: 'delete' } } },
      { metadata: { labels: {} } },
    ],
    [
      'removes by null',
      { metadata: { labels: { a: '1', b: '2' } } },
      { metadata: { labels: { a: null } } },
      { metadata: { labels: { b: '2' } } },
    ],
    [
      'replaces a list without a merge key',
      { spec: { tolerations: [{ key: 'a' }] } },
      { spec: { tolerations: [{ key: 'b' }] } },
      { spec: { tolerations: [{ key: 'b' }] } },
    ],
    [
      'joins lists of scalars',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { finalizers: ['b', 'c'] } },
      { metadata: { finalizers: ['a', 'b', 'c'] } },
    ],
    [
      'takes scalars out',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
      { metadata: { finalizers: ['b'] } },
    ],
    [
      'puts items in the order given',
      pod(main, side),
      { spec: { '$setElementOrder/containers': [{ name: 'side' }, { name: 'main' }] } },
      pod(side, main),
    ],
    [
      'retains only the members listed',
      { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
      { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'secret'], secret: { secretName: 's' } }] } },
      { spec: { volumes: [{ name: 'v', secret: { secretName: 's' } }] } },
    ],
  ])('%s', (_, object, patch, result) => {
    expect(merged(object, patch)).toEqual(result);
  });

  it.each<[object, number, string]>([
    [pod({ image: 'x' }), 500, 'map: {"image":"x"} does not contain declared merge key: name'],
    [pod({ name: 'main', $patch: 'nope' }), 422, 'unknown patch type: "nope"'],
    [{ spec: { $patch: 'nope' } }, 422, 'unknown patch type: "nope"'],
    [{ spec: { $retainKeys: ['a'], containers: [] } }, 400, 'invalid patch format of retainKeys'],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'a' } }, 400, 'invalid patch format of primitive list'],
    [{ spec: { '$setElementOrder/containers': 'a' } }, 400, 'invalid patch format of setElementOrder list'],
  ])('refuses %j', (patch, status, message) => {
    expect(merged({ metadata: { finalizers: ['a'] }, ...pod(main) }, patch)).toEqual([status, message]);
  });

  // Random pods and patches with what Kubernetes' own library (v0.36.3) made of them. Explicit nulls and directives inside added items are
  // taken out, as reading the result as a pod does.
  const recorded: readonly { original: object; patch: object; merged?: object; error?: string }[] = sample('recorded/strategic-merge.json');
  it.each(recorded.map((each, index) => [index, each] as const))(
    'does what the real library does (%i)',
    (_, { original, patch, merged: real, error }) => {
      const outcome = applyStrategicMerge(original, patch, pods);
      expect(outcome.ok ? JSON.parse(JSON.stringify(withoutNulls(outcome.object))) : outcome.message).toEqual(error ?? real);
    },
  );

  it('never throws', () => {
    const member = fc.constantFrom('spec', 'containers', 'name', '$patch', '$retainKeys', '$setElementOrder/containers', 'x');
    const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, 'a', 1, 'delete', 'replace'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(member, tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(value, value, (object, patch) => typeof applyStrategicMerge(object, patch, pods).ok === 'boolean'),
      { numRuns: 500 },
    );
  });
});

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, member]) => (member === null ? [] : [[name, withoutNulls(member)]])));
}
