import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';

export interface ReadJsonOptions {
  /** Levels of arrays and objects that are read at most. */
  readonly maxDepth: number;
}

/** A JSON object as read, and the JSON pointers of the members that it holds twice; JSON.parse has kept the last of each. */
export type ReadJson =
  | { readonly ok: true; readonly value: JsonObject; readonly duplicates: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads one JSON object (RFC 8259). Depth is bounded before the parser sees the text, because JSON.parse itself has no limit.
 * Never throws.
 */
export function readJsonObject(text: string, options: ReadJsonOptions): ReadJson {
  if (deeperThan(text, options.maxDepth)) return { ok: false, problem: `nests deeper than ${options.maxDepth} levels` };
  const value = parse(text);
  if (value === undefined) return { ok: false, problem: 'is not valid JSON' };
  if (!isJsonObject(value)) return { ok: false, problem: 'is JSON, but not an object' };
  return { ok: true, value, duplicates: duplicateMembers(text) };
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Index of the quote that ends the string whose opening quote is at `start`; the text's length when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at;
    if (unit === BACKSLASH) at++;
  }
  return text.length;
}

function deeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) {
      depth++;
      if (depth > maxDepth) return true;
    } else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) depth--;
  }
  return false;
}

/** Where the scan stands: in an object, with the names met so far and the current one, or in an array, at an index. */
type Place = { readonly names: Set<string>; step: string } | { readonly names: undefined; step: number };

/** Expects text that JSON.parse has accepted. */
function duplicateMembers(text: string): readonly string[] {
  const found: string[] = [];
  const places: Place[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      const end = endOfString(text, at);
      const place = places.at(-1);
      if (place?.names !== undefined && nextToken(text, end + 1) === COLON) {
        const name: string = JSON.parse(text.slice(at, end + 1));
        place.step = name;
        if (place.names.has(name)) found.push(pointer(places));
        place.names.add(name);
      }
      at = end;
    } else if (unit === OPEN_OBJECT) places.push({ names: new Set(), step: '' });
    else if (unit === OPEN_ARRAY) places.push({ names: undefined, step: 0 });
    else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) places.pop();
    else if (unit === COMMA) {
      const place = places.at(-1);
      if (place !== undefined && place.names === undefined) place.step++;
    }
  }
  return found;
}

/** The first code unit at or behind `at` that is not JSON's white space; NaN at the end. */
function nextToken(text: string, at: number): number {
  let unit = text.charCodeAt(at);
  while (unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09) unit = text.charCodeAt(++at);
  return unit;
}

function pointer(places: readonly Place[]): string {
  return places.map(({ step }) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
