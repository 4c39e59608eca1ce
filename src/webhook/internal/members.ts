import type { JsonCursor, Vocabulary } from './json-cursor.ts';

/** Byte offsets of one JSON value. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A member of the wrong type. It is a value, not an exception, because a later member of the same name may replace it. */
export const MISSHAPEN: unique symbol = Symbol('misshapen');
export type Misshapen = typeof MISSHAPEN;

/** Reads a text; null is empty, as for Kubernetes' own decoder. `usual`: what it mostly is, which is then not decoded. */
export function textMember(cursor: JsonCursor, usual?: Vocabulary<string>): string | Misshapen {
  const kind = cursor.kind();
  if (kind === 'text') return cursor.text(usual);
  cursor.skip();
  return kind === 'null' ? '' : MISSHAPEN;
}

/** Passes over an object or list and says where it lies; null counts as absent. */
export function spanMember(cursor: JsonCursor, wanted: 'object' | 'list'): Span | undefined | Misshapen {
  const kind = cursor.kind();
  const start = cursor.offset;
  cursor.skip();
  if (kind === wanted) return { start, end: cursor.offset };
  return kind === 'null' ? undefined : MISSHAPEN;
}
