import { isJsonObject } from '../../../../base/json.ts';
import { below, compareElements, EMPTY_SET, type FieldPath, type FieldSet } from './field-set.ts';

/** A FieldsV1 document: an element's object, with `.` where the element itself is owned beside something below it. */
export type FieldsV1 = Readonly<Record<string, unknown>>;

/** The FieldsV1 encoding of a set (`meta/v1`, "FieldsV1 stores a set of fields in a data structure like a trie"). */
export function toFieldsV1(set: FieldSet): FieldsV1 {
  const elements = new Set([...set.members, ...set.children.keys()]);
  const fields: Record<string, unknown> = {};
  for (const element of [...elements].sort(compareElements)) {
    const deeper = toFieldsV1(below(set, element));
    const owned = set.members.has(element) && Object.keys(deeper).length > 0;
    fields[element] = owned ? { '.': {}, ...deeper } : deeper;
  }
  return fields;
}

/** The set that a FieldsV1 document encodes; undefined when it is not one. */
export function fromFieldsV1(fields: unknown): FieldSet | undefined {
  if (!isJsonObject(fields)) return undefined;
  const members = new Set<string>();
  const children = new Map<string, FieldSet>();
  for (const [element, value] of Object.entries(fields)) {
    if (element === '.') continue;
    const child = isElement(element) && isJsonObject(value) ? fromFieldsV1(value) : undefined;
    if (child === undefined || !isJsonObject(value)) return undefined;
    const names = Object.keys(value);
    if (names.length === 0 || names.includes('.')) members.add(element);
    if (child.members.size > 0 || child.children.size > 0) children.set(element, child);
  }
  return members.size === 0 && children.size === 0 ? EMPTY_SET : { members, children };
}

function isElement(text: string): boolean {
  switch (text.slice(0, 2)) {
    case 'f:':
      return true;
    case 'k:':
      return isJsonObject(parsed(text.slice(2)));
    case 'v:':
      return parsed(text.slice(2)) !== undefined;
    case 'i:':
      return /^-?\d+$/.test(text.slice(2));
    default:
      return false;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A path as conflicts print it: `.spec.containers[name="main"].image`. */
export function printPath(path: FieldPath): string {
  return path.map(printElement).join('');
}

function printElement(element: string): string {
  const value = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${value}`;
    case 'k:':
      return `[${Object.entries(JSON.parse(value))
        .map(([name, member]) => `${name}=${JSON.stringify(member)}`)
        .join(',')}]`;
    case 'v:':
      return `[=${value}]`;
    default:
      return `[${value}]`;
  }
}
