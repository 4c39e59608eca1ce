import type { Shape } from '../list-keys.ts';
import { sameJson } from '../same-json.ts';
import { type Atom, atomOf, isHollow, itemsOf, membersOf, nameElement } from './atoms.ts';
import { buildFieldSet, type FieldPath, type FieldSet, type FieldSetBuilder, recursiveDifference } from './field-set.ts';

/** What changed from one value to another, as fields. A container that came or went is listed with all below it. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Findings {
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

/** Compares two values of one shape; `undefined` is an absent value. */
export function compare(before: unknown, after: unknown, shape: Shape): Comparison {
  const findings: Findings = { added: buildFieldSet(), modified: buildFieldSet(), removed: buildFieldSet() };
  walk({ before, after, shape, path: [] }, findings);
  return { added: findings.added.set, modified: findings.modified.set, removed: findings.removed.set };
}

/** The comparison without `ignored` and all below it. */
export function withoutFields(comparison: Comparison, ignored: FieldSet): Comparison {
  return {
    added: recursiveDifference(comparison.added, ignored),
    modified: recursiveDifference(comparison.modified, ignored),
    removed: recursiveDifference(comparison.removed, ignored),
  };
}

interface Pair {
  readonly before: unknown;
  readonly after: unknown;
  readonly shape: Shape;
  readonly path: FieldPath;
}

function walk(pair: Pair, findings: Findings): void {
  const { before, after, shape } = pair;
  const own = atomOf(shape, before, after);
  const other = atomOf(shape, after, before);
  if (own.kind === other.kind) {
    walkAs(other, pair, findings);
    return;
  }
  // One side is a container and the other is not: what the container held is gone or new, and the value itself changed.
  walkAs(own.kind === 'leaf' ? other : own, own.kind === 'leaf' ? { ...pair, before: null } : { ...pair, after: null }, findings);
  leaf(pair, findings);
}

function walkAs(atom: Atom, pair: Pair, findings: Findings): void {
  if (atom.kind === 'leaf' || (isHollow(pair.before) && isHollow(pair.after))) {
    leaf(pair, findings);
    return;
  }
  if (atom.kind === 'members') walkMembers(atom, pair, findings);
  else walkItems(atom, pair, findings);
  if (pair.before === undefined) findings.added.insert(pair.path);
  else if (pair.after === undefined) findings.removed.insert(pair.path);
}

function leaf({ before, after, path }: Pair, findings: Findings): void {
  if (before === undefined) findings.added.insert(path);
  else if (after === undefined) findings.removed.insert(path);
  else if (!sameJson(before, after)) findings.modified.insert(path);
}

function walkMembers(atom: Extract<Atom, { kind: 'members' }>, pair: Pair, findings: Findings): void {
  const before = membersOf(pair.before);
  const after = membersOf(pair.after);
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[name] === undefined && after[name] === undefined) continue;
    walk({ before: before[name], after: after[name], shape: atom.member(name), path: [...pair.path, nameElement(name)] }, findings);
  }
}

function walkItems(atom: Extract<Atom, { kind: 'items' }>, pair: Pair, findings: Findings): void {
  const before = byElement(pair.before, atom.element);
  const after = byElement(pair.after, atom.element);
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    const path = [...pair.path, element];
    const own = before.get(element) ?? [];
    const other = after.get(element) ?? [];
    const item = (items: readonly unknown[]): Pair['before'] => items[0];
    if (own.length <= 1 && other.length <= 1) {
      walk({ before: item(own), after: item(other), shape: atom.items, path }, findings);
    } else if (own.length > 1 && other.length > 1) {
      if (!sameJson(own, other)) findings.modified.insert(path);
    } else if (own.length > 1) {
      if (other.length > 0) walk({ before: undefined, after: item(other), shape: atom.items, path }, findings);
      findings.removed.insert(path);
    } else {
      if (own.length > 0) walk({ before: item(own), after: undefined, shape: atom.items, path }, findings);
      findings.added.insert(path);
    }
  }
}

function byElement(value: unknown, elementOf: (item: unknown) => string | undefined): Map<string, unknown[]> {
  const items = new Map<string, unknown[]>();
  for (const item of itemsOf(value)) {
    const element = elementOf(item);
    if (element === undefined) continue;
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  }
  return items;
}
