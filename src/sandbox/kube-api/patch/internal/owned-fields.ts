import type { Shape } from '../list-keys.ts';
import { atomOf, isHollow, itemsOf, membersOf, nameElement } from './atoms.ts';
import { below, buildFieldSet, type FieldPath, type FieldSet, type FieldSetBuilder } from './field-set.ts';

/** The fields that a configuration names: leaves, members of maps, items of keyed lists and sets, and empty objects. */
export function ownedFields(value: unknown, shape: Shape): FieldSet {
  const builder = buildFieldSet();
  collect(value, shape, [], builder);
  return builder.set;
}

function collect(value: unknown, shape: Shape, path: FieldPath, builder: FieldSetBuilder): void {
  const atom = atomOf(shape, value);
  if (atom.kind === 'leaf') {
    builder.insert(path);
  } else if (atom.kind === 'members') {
    for (const [name, member] of Object.entries(membersOf(value))) {
      if (member === undefined) continue;
      const deeper = [...path, nameElement(name)];
      collect(member, atom.member(name), deeper, builder);
      const emptyObject = !Array.isArray(member) && isHollow(member);
      if (emptyObject || !atom.named(name)) builder.insert(deeper);
    }
  } else {
    collectItems(value, atom, path, builder);
  }
}

function collectItems(
  value: unknown,
  atom: { readonly element: (item: unknown) => string | undefined; readonly items: Shape },
  path: FieldPath,
  builder: FieldSetBuilder,
): void {
  const seen = new Map<string, number>();
  for (const item of itemsOf(value)) {
    const element = atom.element(item);
    if (element !== undefined) seen.set(element, (seen.get(element) ?? 0) + 1);
  }
  for (const item of itemsOf(value)) {
    const element = atom.element(item);
    if (element === undefined) continue;
    const deeper = [...path, element];
    if (seen.get(element) === 1) collect(item, atom.items, deeper, builder);
    builder.insert(deeper);
  }
}

/** The set with every named field that has owned fields below it, so that removing them removes an emptied struct too. */
export function withNamedParents(set: FieldSet, value: unknown, shape: Shape): FieldSet {
  const atom = atomOf(shape, value);
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const element of set.children.keys()) {
    const child = below(set, element);
    if (atom.kind === 'members') {
      const name = element.slice(2);
      if (element.startsWith('f:') && atom.named(name)) members.add(element);
      children.set(element, withNamedParents(child, membersOf(value)[name], atom.member(name)));
    } else if (atom.kind === 'items') {
      const item = itemsOf(value).find((candidate) => atom.element(candidate) === element);
      children.set(element, withNamedParents(child, item, atom.items));
    } else {
      children.set(element, child);
    }
  }
  return { members, children };
}
