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

/**
 * One page of `items`. The marker is the last key shown, so a list that changes between two pages neither repeats nor
 * skips what stayed.
 */
export function page<T>(items: readonly T[], input: Page, { key, member, view }: Paging<T>): XmlObject {
  const after = input.Marker === undefined ? undefined : readMarker(input.Marker);
  const sorted = [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const rest = after === undefined ? sorted : sorted.filter((item) => key(item) > after);
  const shown = rest.slice(0, input.MaxItems ?? DEFAULT_PAGE);
  const last = shown.at(-1);
  const more = shown.length < rest.length && last !== undefined;
  return {
    IsTruncated: more,
    [member]: members(shown.map(view)),
    ...(more ? { Marker: Buffer.from(key(last), 'utf8').toString('base64') } : {}),
  };
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString('utf8');
  if (text === '' || Buffer.from(text, 'utf8').toString('base64') !== marker) throw validationError('Invalid Marker.');
  return text;
}
