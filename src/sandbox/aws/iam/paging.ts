import { validationError } from '../errors.ts';
import { members, type XmlObject, type XmlValue } from '../query/xml.ts';

/** IAM's default number of items of one page. */
const DEFAULT_PAGE = 100;

interface Page {
  readonly Marker: string | undefined;
  readonly MaxItems: number | undefined;
}

/** How a list becomes one page of an answer. */
export interface Paging<T> {
  /** What orders the list and names an item in a marker; unique. */
  readonly key: (item: T) => string;
  /** The member of the answer that holds the items. */
  readonly member: string;
  readonly view: (item: T) => XmlValue;
}

/** The items of one page, and the members of the answer that say whether there are more. */
export interface Cut<T> {
  readonly shown: readonly T[];
  readonly rest: XmlObject;
}

/**
 * Cuts one page from `items`, in the order of their keys. The marker is the last key shown, so a list that changes between
 * two pages neither repeats nor skips what stayed.
 */
export function cut<T>(items: readonly T[], input: Page, key: (item: T) => string): Cut<T> {
  const after = input.Marker === undefined ? undefined : readMarker(input.Marker);
  const sorted = [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const left = after === undefined ? sorted : sorted.filter((item) => key(item) > after);
  const shown = left.slice(0, input.MaxItems ?? DEFAULT_PAGE);
  const last = shown.at(-1);
  const more = shown.length < left.length && last !== undefined;
  return { shown, rest: { IsTruncated: more, ...(more ? { Marker: Buffer.from(key(last), 'utf8').toString('base64') } : {}) } };
}

/** One page of `items` as an answer lists them. */
export function page<T>(items: readonly T[], input: Page, { key, member, view }: Paging<T>): XmlObject {
  const { shown, rest } = cut(items, input, key);
  return { ...rest, [member]: members(shown.map(view)) };
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString('utf8');
  if (text === '' || Buffer.from(text, 'utf8').toString('base64') !== marker) throw validationError('Invalid Marker.');
  return text;
}
