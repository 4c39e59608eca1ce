import type { Shape } from '../list-keys.ts';
import { type Atom, atomOf, itemsOf, membersOf, nameElement } from './atoms.ts';
import type { FieldPath } from './field-set.ts';
import { printPath } from './fields-v1.ts';

/** What keeps a configuration from being owned field by field: members without a declaration, and items of equal keys. Each with its path. */
export function configurationProblems(value: unknown, shape: Shape, path: FieldPath = []): readonly string[] {
  const atom = atomOf(shape, value);
  switch (atom.kind) {
    case 'leaf':
      return [];
    case 'members':
      return Object.entries(membersOf(value)).flatMap(([name, member]) =>
        memberProblems(atom, { name, member }, [...path, nameElement(name)]),
      );
    case 'items':
      return itemProblems(atom, value, path);
  }
}

function memberProblems(
  atom: Extract<Atom, { kind: 'members' }>,
  { name, member }: { readonly name: string; readonly member: unknown },
  path: FieldPath,
): readonly string[] {
  if (!atom.declared(name)) return [`${printPath(path)}: field not declared in schema`];
  return configurationProblems(member, atom.member(name), path);
}

function itemProblems(atom: Extract<Atom, { kind: 'items' }>, value: unknown, path: FieldPath): readonly string[] {
  const seen = new Set<string>();
  return itemsOf(value).flatMap((item) => {
    const element = atom.element(item);
    if (element === undefined) return [];
    if (seen.has(element)) return [`${printPath(path)}: duplicate entries for key ${printPath([element])}`];
    seen.add(element);
    return configurationProblems(item, atom.items, [...path, element]);
  });
}
