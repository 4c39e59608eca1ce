import { AwsError } from '../errors.ts';
import { type Form, isGiven, listElements, malformedInput } from './form.ts';

/** Where a member stands: its name on the wire, and as constraint messages show it (`tags.1.member.key`). */
interface Place {
  readonly wire: string;
  readonly shown: string;
}

/** Reads one member; what breaks a constraint goes into `problems`, and the value returned then is never used. */
export type Reader<T> = (form: Form, place: Place, problems: string[]) => T;

/** The input of an operation: an object of readers by wire name. (A record of readers here would widen what the readers infer.) */
export type Shape = object;

/** The typed input that a shape reads. */
export type InputOf<S extends Shape> = { readonly [K in keyof S]: S[K] extends Reader<infer T> ? T : never };

export interface TextRules {
  readonly min?: number;
  readonly max?: number;
  /** The pattern as the service model spells it; it must match the whole value. */
  readonly pattern?: string;
  /** Its value is never shown in a message. */
  readonly sensitive?: true;
  readonly oneOf?: readonly string[];
}

const WORDS = /[\w.-]+/g;

/** A value without the JSON Web Tokens in it: a session name is the wrong place for one, and an error message the worst. Linear in its length. */
function withoutTokens(value: string): string {
  return value.replaceAll(WORDS, (word) => {
    const start = word.indexOf('eyJ');
    return start >= 0 && word.includes('.eyJ', start) ? `${word.slice(0, start)}<token>` : word;
  });
}

function problem(place: Place, value: string | null, constraint: string, sensitive: true | undefined): string {
  const shown = value === null ? 'Value null' : sensitive ? 'Value' : `Value '${withoutTokens(value)}'`;
  return `${shown} at '${place.shown}' failed to satisfy constraint: Member must ${constraint}`;
}

/** A required text within its rules. Lengths count UTF-16 units. */
export function text(rules: TextRules = {}): Reader<string> {
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern, sensitive, oneOf } = rules;
  const whole = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, 'u');
  return (form, place, problems) => {
    const value = form.get(place.wire);
    if (value === undefined) {
      problems.push(problem(place, null, 'not be null', sensitive));
      return '';
    }
    if (value.length < min) problems.push(problem(place, value, `have length greater than or equal to ${min}`, sensitive));
    if (value.length > max) problems.push(problem(place, value, `have length less than or equal to ${max}`, sensitive));
    if (whole !== undefined && !whole.test(value))
      problems.push(problem(place, value, `satisfy regular expression pattern: ${pattern}`, sensitive));
    if (oneOf !== undefined && !oneOf.includes(value))
      problems.push(problem(place, value, `satisfy enum value set: [${oneOf.join(', ')}]`, sensitive));
    return value;
  };
}

const INTEGER = /^\+?\d+$|^-\d+$/;
const HIGHEST_INT = 2 ** 31 - 1;

/** A required 32-bit integer; `0900` and `+900` are 900, anything else that is not all digits is `MalformedInput`. */
export function integer({ min, max }: { readonly min: number; readonly max: number }): Reader<number> {
  return (form, place, problems) => {
    const given = form.get(place.wire);
    if (given === undefined) {
      problems.push(problem(place, null, 'not be null', undefined));
      return 0;
    }
    const value = INTEGER.test(given) ? Number(given) : Number.NaN;
    if (!(Math.abs(value) <= HIGHEST_INT)) throw malformedInput(`Invalid integer for parameter ${place.wire}`);
    if (value < min) problems.push(problem(place, String(value), `have value greater than or equal to ${min}`, undefined));
    if (value > max) problems.push(problem(place, String(value), `have value less than or equal to ${max}`, undefined));
    return value;
  };
}

/** A required boolean: `true`, `1`, `false` or `0`, nothing else (`MalformedInput`). */
export function boolean(): Reader<boolean> {
  return (form, place, problems) => {
    const given = form.get(place.wire);
    if (given === undefined) problems.push(problem(place, null, 'not be null', undefined));
    else if (!['true', '1', 'false', '0'].includes(given)) throw malformedInput(`Invalid boolean for parameter ${place.wire}`);
    return given === 'true' || given === '1';
  };
}

/** The member, or undefined when nothing is given under its name. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (form, place, problems) => (isGiven(form, place.wire) ? reader(form, place, problems) : undefined);
}

/** A list of at most `max` elements; an absent one is empty. */
export function list<T>(element: Reader<T>, { max = Number.POSITIVE_INFINITY }: { readonly max?: number } = {}): Reader<readonly T[]> {
  return (form, place, problems) => {
    const wires = listElements(form, place.wire) ?? [];
    if (wires.length > max)
      problems.push(problem(place, `[${wires.length} elements]`, `have length less than or equal to ${max}`, undefined));
    const values: T[] = [];
    for (const [index, wire] of wires.entries()) {
      const shown = `${place.shown}.${index + 1}.member`;
      if (wire === undefined) problems.push(problem({ wire: place.wire, shown }, null, 'not be null', undefined));
      else values.push(element(form, { wire, shown }, problems));
    }
    return values;
  };
}

function readersOf(shape: Shape): readonly (readonly [name: string, reader: Reader<unknown>])[] {
  return Object.entries(shape).filter((entry): entry is [string, Reader<unknown>] => typeof entry[1] === 'function');
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

/** A structure of members. */
export function structure<S extends Shape>(shape: S): Reader<InputOf<S>> {
  const members = readersOf(shape);
  return (form, place, problems) => {
    const value: Record<string, unknown> = {};
    for (const [name, reader] of members) {
      value[name] = reader(form, { wire: `${place.wire}.${name}`, shown: `${place.shown}.${lowerFirst(name)}` }, problems);
    }
    return value as InputOf<S>;
  };
}

/** Reads an operation's whole input; all broken constraints are reported in one `ValidationError`, as AWS does. */
export function readInput<S extends Shape>(shape: S, form: Form): InputOf<S> {
  const problems: string[] = [];
  const input: Record<string, unknown> = {};
  for (const [name, reader] of readersOf(shape)) input[name] = reader(form, { wire: name, shown: lowerFirst(name) }, problems);
  if (problems.length === 0) return input as InputOf<S>;
  const count = `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected`;
  throw new AwsError('ValidationError', 400, `${count}: ${problems.join('; ')}`, { reason: 'request-invalid' });
}
