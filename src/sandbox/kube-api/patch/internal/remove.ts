import type { Shape } from '../list-keys.ts';
import { type Atom, atomOf, isHollow, itemsOf, membersOf, nameElement } from './atoms.ts';
import { below, type FieldSet, isEmptySet } from './field-set.ts';

/** The value without the fields of the set. A container left empty by that becomes null, as the removed value of a known field. */
export function removeFields(value: unknown, fields: FieldSet, shape: Shape): unknown {
  const atom = atomOf(shape, value);
  if (atom.kind === 'leaf') return Array.isArray(value) || (typeof value === 'object' && value !== null) ? null : value;
  if (isHollow(value)) return null;
  const kept = atom.kind === 'members' ? removeMembers(value, fields, atom) : removeItems(value, fields, atom);
  return isHollow(kept) ? null : kept;
}

function removeMembers(value: unknown, fields: FieldSet, atom: Extract<Atom, { kind: 'members' }>): unknown {
  const kept: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(membersOf(value))) {
    const element = nameElement(name);
    if (fields.members.has(element) || member === undefined) continue;
    const deeper = below(fields, element);
    kept[name] = isEmptySet(deeper) ? member : removeFields(member, deeper, atom.member(name));
  }
  return kept;
}

function removeItems(value: unknown, fields: FieldSet, atom: Extract<Atom, { kind: 'items' }>): unknown {
  return itemsOf(value).flatMap((item) => {
    const element = atom.element(item);
    if (element === undefined) return [item];
    if (fields.members.has(element)) return [];
    const deeper = below(fields, element);
    return [isEmptySet(deeper) ? item : removeFields(item, deeper, atom.items)];
  });
}
