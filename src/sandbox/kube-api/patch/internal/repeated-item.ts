import type { Shape } from '../list-keys.ts';
import { atomOf, itemsOf, membersOf, nameElement } from './atoms.ts';
import type { FieldPath } from './field-set.ts';

/** The first item that stands twice in a keyed list or set, and the path of that list; undefined when none does. */
export function repeatedItem(
  value: unknown,
  shape: Shape,
  path: FieldPath = [],
): { readonly list: FieldPath; readonly element: string } | undefined {
  const atom = atomOf(shape, value);
  if (atom.kind === 'members') {
    for (const [name, member] of Object.entries(membersOf(value))) {
      const found = repeatedItem(member, atom.member(name), [...path, nameElement(name)]);
      if (found !== undefined) return found;
    }
  }
  if (atom.kind === 'items') {
    const seen = new Set<string>();
    for (const item of itemsOf(value)) {
      const element = atom.element(item);
      if (element === undefined) continue;
      if (seen.has(element)) return { list: path, element };
      seen.add(element);
      const found = repeatedItem(item, atom.items, [...path, element]);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
