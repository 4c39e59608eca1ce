import { builtInTypes } from './types.data.ts';

/** The value types that a field of a built-in kind may hold. */
export type FieldType =
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'list'; readonly of: FieldType; readonly keys?: readonly string[]; readonly mergeKey?: string }
  | { readonly kind: 'map'; readonly of: FieldType; readonly atomic: boolean }
  | { readonly kind: 'struct'; readonly name: string; readonly atomic: boolean };

export type ScalarName =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'float64'
  | 'time'
  | 'microtime'
  | 'quantity'
  | 'intstr'
  | 'bytes'
  | 'raw'
  | 'schema';

/** One field of a built-in type. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** May be null; null means absent. */
  readonly pointer: boolean;
  /** Written even when empty. */
  readonly always: boolean;
  /** A strategic merge patch puts its object in place of the one that is there. */
  readonly replace: boolean;
  /** Its numbers in the protobuf encoding, from the outermost message inwards; empty: not encoded. */
  readonly numbers: readonly number[];
}

/** A built-in type: its fields in the order in which they are written. */
export interface StructType {
  /** Name of the table, such as `core.v1.Pod`. */
  readonly name: string;
  /** The bare type name, such as `Pod`. */
  readonly shortName: string;
  readonly fields: ReadonlyMap<string, Field>;
}

const SCALARS: ReadonlySet<string> = new Set([
  'string',
  'bool',
  'int32',
  'int64',
  'uint8',
  'float64',
  'time',
  'microtime',
  'quantity',
  'intstr',
  'bytes',
  'raw',
  'schema',
]);
const parsed = new Map<string, StructType>();

/** A type of the table by its name, such as `core.v1.Pod`. Throws on a name that the table does not have. */
export function structType(name: string): StructType {
  const known = parsed.get(name);
  if (known) return known;
  const codes = builtInTypes[name];
  if (!codes) throw new TypeError(`no built-in type is named ${name}`);
  const fields = new Map(Object.entries(codes).map(([field, code]) => [field, parseField(field, code)]));
  const type = { name, shortName: name.slice(name.lastIndexOf('.') + 1), fields };
  parsed.set(name, type);
  return type;
}

function parseField(name: string, code: string): Field {
  const [head = '', ...marks] = code.split(' ');
  const always = head.endsWith('!');
  const body = always ? head.slice(0, -1) : head;
  const pointer = body.startsWith('*');
  const numbers = marks.find((mark) => mark.startsWith('#'));
  return {
    name,
    pointer,
    always,
    replace: marks.includes('%'),
    type: parseType(pointer ? body.slice(1) : body, marks),
    numbers: numbers === undefined ? [] : numbers.slice(1).split('.').map(Number),
  };
}

function parseType(code: string, marks: readonly string[]): FieldType {
  const atomic = marks.includes('=');
  if (code.startsWith('[]')) {
    const keys = marks.find((mark) => mark.startsWith('@'));
    const merge = marks.find((mark) => mark.startsWith('~'));
    return {
      kind: 'list',
      of: parseType(code.slice(2).replace(/^\*/, ''), []),
      ...(keys === undefined ? {} : { keys: keys === '@' ? [] : keys.slice(1).split(',') }),
      ...(merge === undefined ? {} : { mergeKey: merge.slice(1) }),
    };
  }
  if (code.startsWith('{}')) return { kind: 'map', of: parseType(code.slice(2), []), atomic };
  if (SCALARS.has(code)) return { kind: 'scalar', name: code as ScalarName };
  return { kind: 'struct', name: code, atomic };
}
