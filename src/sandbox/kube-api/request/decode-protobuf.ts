import { type Field, type FieldType, type ScalarName, structType } from '../resources/field-type.ts';
import { MalformedProtobufError, type Message, readMessage } from './protobuf-wire.ts';

/** `k8s\0`: what every protobuf body of Kubernetes starts with. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const utf8 = new TextDecoder();

/** An object in Kubernetes' protobuf envelope (`runtime.Unknown`): what it says it is, and its message. */
export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** Opens the envelope. Throws MalformedProtobufError. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  if (!MAGIC.every((byte, index) => bytes[index] === byte))
    throw new MalformedProtobufError('the body does not start with the prefix of Kubernetes');
  const unknown = readMessage(bytes.subarray(MAGIC.length));
  const typeMeta = readMessage(bytesOf(unknown, 1) ?? new Uint8Array());
  return { apiVersion: textOf(typeMeta, 1), kind: textOf(typeMeta, 2), raw: bytesOf(unknown, 2) ?? new Uint8Array() };
}

/** Reads a message as a type of the table and returns it as JSON would have said it. Throws MalformedProtobufError. */
export function decodeProtobuf(typeName: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  return decodeStruct(typeName, [bytes]);
}

function decodeStruct(typeName: string, parts: readonly Uint8Array[]): Record<string, unknown> {
  const messages = parts.map(readMessage);
  const output: Record<string, unknown> = {};
  for (const field of structType(typeName).fields.values()) {
    const value = decodeField(field, valuesAt(messages, field.numbers));
    if (value !== undefined) output[field.name] = value;
  }
  return output;
}

/** The values of a field, inside its embedded messages where it has some. */
function valuesAt(messages: readonly Message[], [number, ...inner]: readonly number[]): readonly (bigint | Uint8Array)[] {
  if (number === undefined) return [];
  const values = messages.flatMap((message) => message.get(number) ?? []);
  if (inner.length === 0) return values;
  return valuesAt(values.filter((value) => value instanceof Uint8Array).map(readMessage), inner);
}

function decodeField({ type }: Field, values: readonly (bigint | Uint8Array)[]): unknown {
  if (values.length === 0) return undefined;
  switch (type.kind) {
    case 'list':
      return values.map((value) => decodeOne(type.of, value));
    case 'map':
      return Object.fromEntries(values.map((value) => decodeEntry(type.of, asBytes(value))));
    case 'struct':
      return decodeStruct(type.name, values.map(asBytes));
    case 'scalar':
      return decodeScalar(type.name, values[values.length - 1] ?? 0n);
  }
}

/** A list inside a list or a map is a message of its own whose field 1 repeats. */
function decodeOne(type: FieldType, value: bigint | Uint8Array): unknown {
  switch (type.kind) {
    case 'struct':
      return decodeStruct(type.name, [asBytes(value)]);
    case 'scalar':
      return decodeScalar(type.name, value);
    case 'list':
      return (readMessage(asBytes(value)).get(1) ?? []).map((item) => decodeOne(type.of, item));
    case 'map':
      return Object.fromEntries((readMessage(asBytes(value)).get(1) ?? []).map((entry) => decodeEntry(type.of, asBytes(entry))));
  }
}

function decodeEntry(type: FieldType, bytes: Uint8Array): readonly [string, unknown] {
  const entry = readMessage(bytes);
  const value = entry.get(2)?.[0];
  return [textOf(entry, 1), value === undefined ? decodeOne(type, new Uint8Array()) : decodeOne(type, value)];
}

function decodeScalar(name: ScalarName, value: bigint | Uint8Array): unknown {
  switch (name) {
    case 'string':
      return utf8.decode(asBytes(value));
    case 'bool':
      return value !== 0n;
    case 'int32':
    case 'int64':
    case 'uint8':
      return Number(value);
    case 'float64': {
      const bytes = asBytes(value);
      return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0, true);
    }
    case 'bytes':
      return btoa(Array.from(asBytes(value), (byte) => String.fromCharCode(byte)).join(''));
    case 'time':
      return decodeTime(asBytes(value), false);
    case 'microtime':
      return decodeTime(asBytes(value), true);
    case 'quantity':
      return textOf(readMessage(asBytes(value)), 1);
    case 'intstr': {
      const message = readMessage(asBytes(value));
      return message.get(1)?.[0] === 1n ? textOf(message, 3) : Number(message.get(2)?.[0] ?? 0n);
    }
    case 'schema':
      throw new MalformedProtobufError('schemas are not read from protobuf');
    case 'raw': {
      const raw = bytesOf(readMessage(asBytes(value)), 1);
      return raw === undefined || raw.length === 0 ? undefined : parseRaw(raw);
    }
  }
}

/** An empty message is the zero time, which JSON leaves out. */
function decodeTime(bytes: Uint8Array, micro: boolean): string | undefined {
  if (bytes.length === 0) return undefined;
  const message = readMessage(bytes);
  const seconds = Number(message.get(1)?.[0] ?? 0n);
  const nanos = Number(message.get(2)?.[0] ?? 0n);
  const instant = new Date(seconds * 1_000);
  if (Number.isNaN(instant.getTime())) throw new MalformedProtobufError('a time is out of range');
  const text = instant.toISOString().slice(0, 19);
  return micro ? `${text}.${String(Math.floor(nanos / 1_000)).padStart(6, '0')}Z` : `${text}Z`;
}

function parseRaw(raw: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(raw));
  } catch {
    throw new MalformedProtobufError('an embedded object is not JSON');
  }
}

function asBytes(value: bigint | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new MalformedProtobufError('a number stands where bytes are expected');
}

function bytesOf(message: Message, number: number): Uint8Array | undefined {
  const value = message.get(number)?.[0];
  return value === undefined ? undefined : asBytes(value);
}

function textOf(message: Message, number: number): string {
  return utf8.decode(bytesOf(message, number) ?? new Uint8Array());
}
