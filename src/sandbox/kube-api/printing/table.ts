import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { builtInColumns, type Column, CREATED_COLUMNS, NAME_COLUMN } from './columns.data.ts';
import { ageOf } from './human-duration.ts';
import { type JsonPath, parseJsonPath, valuesAt } from './json-path.ts';

/** An entry of a CustomResourceDefinition's `additionalPrinterColumns`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

export interface TableOptions {
  readonly group: string;
  readonly kind: string;
  /** The columns of a custom resource, empty or not; undefined for a built-in kind. */
  readonly columns?: readonly PrinterColumn[] | undefined;
  readonly objects: readonly KubeObject[];
  /** Metadata of the list, or of the one object shown. */
  readonly metadata?: {
    readonly resourceVersion?: string | undefined;
    readonly continue?: string | undefined;
    readonly remainingItemCount?: number | undefined;
  };
  readonly now: Date;
  /** What a row carries beside its cells (`includeObject`). Default `Metadata`. */
  readonly includeObject?: 'None' | 'Metadata' | 'Object';
  /** A watch names the columns in its first event alone. */
  readonly withoutHeaders?: boolean;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, more than that only in wide output. */
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly unknown[];
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
  readonly object: unknown;
}

/** `meta.k8s.io/v1` Table. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly columnDefinitions: readonly ColumnDefinition[] | null;
  readonly rows: readonly TableRow[];
}

/**
 * Objects as a table for people: the columns of the built-in printers, of a definition's `additionalPrinterColumns`, or name and age.
 * Wide columns are always there, marked by their priority, as the API server sends them.
 */
export function toTable(options: TableOptions): Table {
  const columns = columnsOf(options);
  const { resourceVersion, continue: next, remainingItemCount } = options.metadata ?? {};
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {
      ...(resourceVersion ? { resourceVersion } : {}),
      ...(next ? { continue: next } : {}),
      ...(remainingItemCount ? { remainingItemCount } : {}),
    },
    columnDefinitions: options.withoutHeaders ? null : columns.map(definitionOf),
    rows: options.objects.map((object) => rowOf(object, columns, options)),
  };
}

function columnsOf({ group, kind, columns }: TableOptions): readonly Column[] {
  if (columns !== undefined) return [NAME_COLUMN, ...columns.map(customColumn)];
  return builtInColumns[group === '' ? kind : `${kind}.${group}`] ?? CREATED_COLUMNS;
}

function definitionOf({ name, type, format, description, priority }: Column): ColumnDefinition {
  return { name, type: type ?? 'string', format: format ?? '', description, priority: priority ?? 0 };
}

function rowOf(object: KubeObject, columns: readonly Column[], { now, includeObject = 'Metadata', kind, group }: TableOptions): TableRow {
  const cells = columns.map((column) => column.cell(object, now) ?? null);
  const conditions = group === '' && kind === 'Pod' ? finished(object) : [];
  return { cells, ...(conditions.length === 0 ? {} : { conditions }), object: shown(object, includeObject) };
}

function shown(object: KubeObject, includeObject: 'None' | 'Metadata' | 'Object'): unknown {
  if (includeObject === 'None') return null;
  return includeObject === 'Object' ? object : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** Pods that are done are marked, so that clients may leave them out. */
function finished(pod: KubeObject): NonNullable<TableRow['conditions']> {
  const phase = isJsonObject(pod.status) ? pod.status.phase : undefined;
  if (phase === 'Succeeded')
    return [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }];
  if (phase === 'Failed') return [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }];
  return [];
}

function customColumn(column: PrinterColumn): Column {
  const { name, type, format, priority, jsonPath } = column;
  const parsed = parseJsonPath(jsonPath);
  const path: JsonPath | undefined = parsed.ok ? parsed.path : undefined;
  return {
    name,
    type,
    ...(format === undefined ? {} : { format }),
    ...(priority === undefined ? {} : { priority }),
    description: column.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    cell: (object, now) => (path === undefined ? null : customCell(type, valuesAt(path, object)[0], now)),
  };
}

/** A value that does not fit the type of its column is not shown. */
function customCell(type: string, value: unknown, now: Date): unknown {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'string':
      return typeof value === 'object' ? JSON.stringify(sorted(value)) : String(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : null;
    default:
      return null;
  }
}

/** Go writes the members of a map by name. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}
