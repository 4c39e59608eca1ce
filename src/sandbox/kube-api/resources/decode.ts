import { isJsonObject } from '../../../base/json.ts';
import { decodeScalar } from './decode-scalar.ts';
import { decodeSchema } from './decode-schema.ts';
import { type Field, type FieldType, structType } from './field-type.ts';

/** What a body became when read as a built-in type. */
export type Decoded =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>>; readonly unknownFields: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** Where the decoder stands: the type it is in, the path without indices (as errors name it) and with them (as warnings do). */
export interface Place {
  readonly struct: string;
  readonly field: string;
  readonly path: string;
}

/** A value that its field cannot hold, in the words of Kubernetes' own JSON decoder. */
export class UndecodableError extends Error {
  override readonly name = 'UndecodableError';
}

/**
 * Reads JSON as a built-in type, as the Go decoder of Kubernetes does: members in the type's order, maps sorted, null and
 * empty optional values left out, empty required ones filled in, unknown members dropped and reported.
 */
export function decode(typeName: string, input: unknown): Decoded {
  const unknownFields: string[] = [];
  try {
    const value = decodeStruct(typeName, input, { struct: structType(typeName).shortName, field: '', path: '' }, unknownFields);
    return { ok: true, value, unknownFields };
  } catch (thrown) {
    if (thrown instanceof UndecodableError) return { ok: false, message: thrown.message };
    throw thrown;
  }
}

function decodeStruct(name: string, input: unknown, place: Place, unknownFields: string[]): Record<string, unknown> {
  const type = structType(name);
  if (input !== null && input !== undefined && !isJsonObject(input)) throw mismatch(input, place, `v1.${type.shortName}`);
  const source: Readonly<Record<string, unknown>> = isJsonObject(input) ? input : {};
  // Errors and unknown fields come in the order of the document, members in the order of the type.
  const decoded = new Map<string, unknown>();
  for (const [name, member] of Object.entries(source)) {
    const field = type.fields.get(name);
    if (field) decoded.set(name, decodeField(field, member, extend(place, type.shortName, name), unknownFields));
    else unknownFields.push(place.path === '' ? name : `${place.path}.${name}`);
  }
  const output: Record<string, unknown> = {};
  for (const field of type.fields.values()) {
    const value = decoded.has(field.name)
      ? decoded.get(field.name)
      : decodeField(field, undefined, extend(place, type.shortName, field.name), unknownFields);
    if (value !== undefined) output[field.name] = value;
  }
  return output;
}

function extend(place: Place, struct: string, field: string): Place {
  return {
    struct,
    field: place.field === '' ? field : `${place.field}.${field}`,
    path: place.path === '' ? field : `${place.path}.${field}`,
  };
}

function decodeField(field: Field, input: unknown, place: Place, unknownFields: string[]): unknown {
  if (input === undefined || input === null) return field.always ? zeroOf(field, place, unknownFields) : undefined;
  const value = decodeValue(field.type, input, place, unknownFields);
  if (field.always || field.pointer || !isEmpty(value)) return value;
  return undefined;
}

function zeroOf(field: Pick<Field, 'type' | 'pointer'>, place: Place, unknownFields: string[]): unknown {
  if (field.pointer || field.type.kind === 'list' || field.type.kind === 'map') return null;
  if (field.type.kind === 'struct') return decodeStruct(field.type.name, undefined, place, unknownFields);
  switch (field.type.name) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'int32':
    case 'int64':
    case 'uint8':
    case 'float64':
    case 'intstr':
      return 0;
    case 'quantity':
      return '0';
    case 'time':
    case 'microtime':
    case 'bytes':
    case 'raw':
    case 'schema':
      return null;
  }
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function decodeValue(type: FieldType, input: unknown, place: Place, unknownFields: string[]): unknown {
  // Null is the zero value of what it stands for, also within a list or a map.
  if (input === null) return zeroOf({ type, pointer: false }, place, unknownFields);
  switch (type.kind) {
    case 'scalar':
      return type.name === 'schema' ? decodeSchema(input, place, unknownFields) : decodeScalar(type.name, input, place);
    case 'struct':
      return decodeStruct(type.name, input, place, unknownFields);
    case 'list':
      if (!Array.isArray(input)) throw mismatch(input, place, goType(type));
      return input.map((item, index) => decodeValue(type.of, item, { ...place, path: `${place.path}[${index}]` }, unknownFields));
    case 'map': {
      if (!isJsonObject(input)) throw mismatch(input, place, goType(type));
      const output: Record<string, unknown> = {};
      for (const key of Object.keys(input).sort()) {
        output[key] = decodeValue(type.of, input[key], { ...place, path: `${place.path}.${key}` }, unknownFields);
      }
      return output;
    }
  }
}

function goType(type: FieldType): string {
  switch (type.kind) {
    case 'list':
      return `[]${goType(type.of)}`;
    case 'map':
      return `map[string]${goType(type.of)}`;
    case 'struct':
      return `v1.${type.name.slice(type.name.lastIndexOf('.') + 1)}`;
    case 'scalar':
      return type.name === 'bytes' ? '[]uint8' : type.name;
  }
}

/** The decoder's error for a JSON value of the wrong type. */
export function mismatch(input: unknown, place: Place, expected: string): UndecodableError {
  const found = Array.isArray(input) ? 'array' : input === null ? 'null' : typeof input === 'boolean' ? 'bool' : typeof input;
  const where = place.field === '' ? `Go value` : `Go struct field ${place.struct}.${place.field}`;
  return new UndecodableError(`json: cannot unmarshal ${found} into ${where} of type ${expected}`);
}
