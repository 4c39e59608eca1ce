import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../kube/core/object.ts';
import { humanDuration } from './human-duration.ts';
import { parseJsonPath, valuesAt } from './json-path.ts';
import { type PrinterColumn, type TableRow, toTable } from './table.ts';

const conformance = (path: string) => JSON.parse(readFileSync(new URL(`../../../../test/conformance/${path}`, import.meta.url), 'utf8'));

interface Recorded {
  readonly group: string;
  readonly kind: string;
  readonly now: string;
  readonly objects: readonly KubeObject[];
  readonly columns: readonly (readonly [string, string, string, number])[];
  readonly rows: readonly Pick<TableRow, 'cells' | 'conditions'>[];
}

const recorded: readonly Recorded[] = conformance('samples/recorded/tables.json');
const columnsOfThing = recorded
  .filter(({ kind }) => kind === 'CustomResourceDefinition')
  .flatMap(({ objects }) => objects)
  .flatMap(
    (definition) =>
      (definition.spec as { versions: { additionalPrinterColumns: PrinterColumn[] }[] }).versions[0]?.additionalPrinterColumns ?? [],
  );

describe('toTable', () => {
  it('is the table of the real API server', () => {
    const real = conformance('samples/serviceaccount-list.table.json');
    const [row] = real.rows;
    const { resourceVersion, continue: next, remainingItemCount } = real.metadata;
    const table = toTable({
      group: '',
      kind: 'ServiceAccount',
      objects: [{ kind: 'ServiceAccount', apiVersion: 'v1', metadata: row.object.metadata }],
      metadata: { resourceVersion, continue: next, remainingItemCount },
      now: new Date(Date.parse(row.object.metadata.creationTimestamp) + 76_400),
    });
    expect(JSON.stringify(table)).toBe(JSON.stringify(real));
  });

  it.each(recorded.map((each, index) => [each.kind, index] as const))('has the columns and cells of the real one: %s (%i)', (_, index) => {
    const real = recorded[index]!;
    const { group, kind, objects } = real;
    const columns = kind === 'Thing' ? columnsOfThing : undefined;
    const table = toTable({ group, kind, objects, columns, now: new Date(real.now) });
    expect(table.columnDefinitions?.map(({ name, type, format, priority }) => [name, type, format, priority])).toEqual(real.columns);
    expect(table.rows.map(({ object: _, ...row }) => row)).toEqual(real.rows);
  });

  it('leaves out what a client does not ask for', () => {
    const object: KubeObject = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: {} };
    const options = { group: '', kind: 'ConfigMap', objects: [object], now: new Date(0) };
    expect(toTable({ ...options, withoutHeaders: true, includeObject: 'Object' })).toMatchObject({
      columnDefinitions: null,
      rows: [{ object }],
    });
    expect(toTable({ ...options, includeObject: 'None' }).rows[0]?.object).toBeNull();
  });
});

describe('humanDuration', () => {
  it.each([
    [-2000, '<invalid>'],
    [-1000, '0s'],
    [119_900, '119s'],
    [120_000, '2m'],
    [599_000, '9m59s'],
    [600_000, '10m'],
    [3 * 3_600_000 - 1, '179m'],
    [3 * 3_600_000, '3h'],
    [7.5 * 3_600_000, '7h30m'],
    [8 * 3_600_000, '8h'],
    [48 * 3_600_000, '2d'],
    [50 * 3_600_000, '2d2h'],
    [8 * 86_400_000, '8d'],
    [729 * 86_400_000, '729d'],
    [730 * 86_400_000, '2y'],
    [740 * 86_400_000, '2y10d'],
    [3000 * 86_400_000, '8y'],
  ])('shows %i ms as %s', (milliseconds, text) => {
    expect(humanDuration(milliseconds)).toBe(text);
  });
});

describe('JSONPath of printer columns', () => {
  const document = { a: { 'b.c': 1, list: [{ n: 'x', ok: true }, { n: 'y' }, 'z'] }, quote: { "it's": 2 } };
  const valuesOf = (text: string) => {
    const parsed = parseJsonPath(text);
    return parsed.ok ? valuesAt(parsed.path, document) : parsed.message;
  };
  it.each<[string, unknown]>([
    ['.a.list[0].n', ['x']],
    ['.a.list[-1]', ['z']],
    ['.a.list[*].n', ['x', 'y']],
    ['.a.list[?(@.n=="y")].n', ['y']],
    [".a.list[?(@.n!='y')].n", ['x']],
    ['.a.list[?(@.ok)].n', ['x']],
    ['.a.list[?(@.ok==true)].n', ['x']],
    ['.a.b\\.c', [1]],
    [".a['b.c']", [1]],
    ['$.a["b.c"]', [1]],
    [".quote['it\\'s']", [2]],
    ['.nope.deeper', []],
    ['.', [document]],
    ['', [document]],
  ])('%s', (text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });

  it.each(['.a..b', '.a[0:2]', '.a[', '.a[?(@.x', '.a b]', '.a[0,1]'])('refuses %s', (text) => {
    expect(parseJsonPath(text).ok).toBe(false);
  });

  it('reads or refuses any text, and finds only what is there', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[.a-c[\]*?(@)='"\\0-9]{0,30}$/)), fc.jsonValue(), (text, value) => {
        const parsed = parseJsonPath(text);
        if (parsed.ok) expect(Array.isArray(valuesAt(parsed.path, value))).toBe(true);
        else expect(parsed.message).toContain('JSONPath');
      }),
      { numRuns: 500 },
    );
  });
});
