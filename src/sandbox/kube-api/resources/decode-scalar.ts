import { mismatch, type Place, UndecodableError } from './decode.ts';
import type { ScalarName } from './field-type.ts';
import { canonicalQuantity } from './quantity.ts';

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const INTEGER_RANGE: Readonly<Record<'int32' | 'int64' | 'uint8', readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  uint8: [0, 255],
};

/** Reads one scalar of a built-in type; throws UndecodableError in the decoder's own words. */
export function decodeScalar(name: Exclude<ScalarName, 'schema'>, input: unknown, place: Place): unknown {
  switch (name) {
    case 'raw':
      return input;
    case 'string':
    case 'bytes':
      if (typeof input !== 'string') throw mismatch(input, place, name === 'bytes' ? '[]uint8' : 'string');
      return name === 'bytes' ? decodeBytes(input) : input;
    case 'bool':
      if (typeof input !== 'boolean') throw mismatch(input, place, 'bool');
      return input;
    case 'float64':
      if (typeof input !== 'number') throw mismatch(input, place, 'float64');
      return input;
    case 'int32':
    case 'int64':
    case 'uint8':
      return decodeInteger(name, input, place);
    case 'time':
      return decodeTime(input, place);
    case 'microtime':
      return decodeMicroTime(input, place);
    case 'intstr':
      if (typeof input !== 'string' && !(typeof input === 'number' && Number.isInteger(input))) throw mismatch(input, place, 'int32');
      return input;
    case 'quantity':
      return decodeQuantity(input);
  }
}

function decodeInteger(name: 'int32' | 'int64' | 'uint8', input: unknown, place: Place): number {
  if (typeof input !== 'number') throw mismatch(input, place, name);
  const [low, high] = INTEGER_RANGE[name];
  if (Number.isInteger(input) && input >= low && input <= high) return input;
  throw new UndecodableError(`json: cannot unmarshal number ${input} into Go struct field ${place.struct}.${place.field} of type ${name}`);
}

function decodeBytes(input: string): string {
  const compact = input.replace(/[\r\n]/g, '');
  const bad = /^[A-Za-z0-9+/]*={0,2}$/.test(compact) && compact.length % 4 === 0 ? -1 : firstBadByte(compact);
  if (bad >= 0) throw new UndecodableError(`illegal base64 data at input byte ${bad}`);
  return compact;
}

function firstBadByte(text: string): number {
  const index = text.search(/[^A-Za-z0-9+/]/);
  return index >= 0 ? index : text.length - (text.length % 4);
}

/** Seconds are all that a Time keeps; offsets are turned to UTC. */
function decodeTime(input: unknown, place: Place): string {
  if (typeof input !== 'string') throw mismatch(input, place, 'string');
  const match = RFC3339.exec(input);
  const millis = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN;
  if (Number.isNaN(millis)) {
    throw new UndecodableError(
      `parsing time ${JSON.stringify(input)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(input)} as "2006"`,
    );
  }
  return `${new Date(millis).toISOString().slice(0, 19)}Z`;
}

/** A MicroTime has exactly six decimals; what `toISOString()` writes is refused, as the real one does. */
function decodeMicroTime(input: unknown, place: Place): string {
  if (typeof input !== 'string') throw mismatch(input, place, 'string');
  const match = RFC3339.exec(input);
  const layout = '2006-01-02T15:04:05.000000Z07:00';
  const refuse = (rest: string, expected: string): UndecodableError =>
    new UndecodableError(
      `parsing time ${JSON.stringify(input)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(expected)}`,
    );
  if (!match?.[1] || !match[3]) throw refuse(input, '2006');
  const fraction = match[2] ?? '';
  if (fraction.length !== 7) throw refuse(`${fraction}${match[3]}`, '.000000');
  const millis = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(millis)) throw refuse(input, '2006');
  return `${new Date(millis).toISOString().slice(0, 19)}${fraction}Z`;
}

function decodeQuantity(input: unknown): string {
  const canonical = typeof input === 'number' || typeof input === 'string' ? canonicalQuantity(String(input)) : undefined;
  if (canonical !== undefined) return canonical;
  throw new UndecodableError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}
