/**
 * A set of field paths, as a tree. A path's elements are in the notation of FieldsV1: `f:name`, `k:{"key":"value"}`, `v:"value"`.
 * A path in the set says nothing about its parents or children.
 */
export interface FieldSet {
  readonly members: ReadonlySet<string>;
  readonly children: ReadonlyMap<string, FieldSet>;
}

/** A field's path from the object's root; the empty path is no field. */
export type FieldPath = readonly string[];

export const EMPTY_SET: FieldSet = { members: new Set(), children: new Map() };

interface MutableFieldSet {
  readonly members: Set<string>;
  readonly children: Map<string, MutableFieldSet>;
}

/** Collects paths; `set` is what was inserted so far. */
export interface FieldSetBuilder {
  readonly set: FieldSet;
  insert(path: FieldPath): void;
}

/** An empty builder. */
export function buildFieldSet(): FieldSetBuilder {
  const root: MutableFieldSet = { members: new Set(), children: new Map() };
  return {
    set: root,
    insert: (path) => {
      let node = root;
      for (const [index, element] of path.entries()) {
        if (index === path.length - 1) {
          node.members.add(element);
          return;
        }
        let child = node.children.get(element);
        if (child === undefined) {
          child = { members: new Set(), children: new Map() };
          node.children.set(element, child);
        }
        node = child;
      }
    },
  };
}

/** The set of exactly these paths. */
export function fieldSetOf(paths: Iterable<FieldPath>): FieldSet {
  const builder = buildFieldSet();
  for (const path of paths) builder.insert(path);
  return builder.set;
}

/** Whether no path is in the set. */
export function isEmptySet(set: FieldSet): boolean {
  if (set.members.size > 0) return false;
  for (const child of set.children.values()) if (!isEmptySet(child)) return false;
  return true;
}

/** Whether the path itself is in the set. */
export function hasPath(set: FieldSet, path: FieldPath): boolean {
  const parent = path.slice(0, -1).reduce(below, set);
  const last = path.at(-1);
  return last !== undefined && parent.members.has(last);
}

/** The paths below one element, without it. */
export function below(set: FieldSet, element: string): FieldSet {
  return set.children.get(element) ?? EMPTY_SET;
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map(left.children);
  for (const [element, child] of right.children) {
    const own = children.get(element);
    children.set(element, own === undefined ? child : union(own, child));
  }
  return { members: new Set([...left.members, ...right.members]), children };
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    if (other !== undefined) keep(children, element, intersection(child, other));
  }
  return { members: new Set([...left.members].filter((member) => right.members.has(member))), children };
}

/** Paths of `left` that are not in `right`; a parent in `right` does not take its children along. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    const other = right.children.get(element);
    keep(children, element, other === undefined ? child : difference(child, other));
  }
  return { members: new Set([...left.members].filter((member) => !right.members.has(member))), children };
}

/** Paths of `left` that are neither in `right` nor below a path of `right`. */
export function recursiveDifference(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of left.children) {
    if (right.members.has(element)) continue;
    const other = right.children.get(element);
    keep(children, element, other === undefined ? child : recursiveDifference(child, other));
  }
  return { members: new Set([...left.members].filter((member) => !right.members.has(member))), children };
}

function keep(children: Map<string, FieldSet>, element: string, child: FieldSet): void {
  if (!isEmptySet(child)) children.set(element, child);
}

/** Every path of the set: the members of a level before what is below it, each in the order of `compareElements`. */
export function pathsOf(set: FieldSet, prefix: FieldPath = []): FieldPath[] {
  const members = [...set.members].sort(compareElements).map((member) => [...prefix, member]);
  const deeper = [...set.children.keys()].sort(compareElements).flatMap((element) => pathsOf(below(set, element), [...prefix, element]));
  return [...members, ...deeper];
}

/** Names before keys before values; keys by their members, numbers as numbers. */
export function compareElements(left: string, right: string): number {
  if (left.startsWith('k:') && right.startsWith('k:')) return compareKeys(left, right);
  if (left.startsWith('v:') && right.startsWith('v:')) return compareScalars(JSON.parse(left.slice(2)), JSON.parse(right.slice(2)));
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareKeys(left: string, right: string): number {
  const own: [string, unknown][] = Object.entries(JSON.parse(left.slice(2)));
  const other: [string, unknown][] = Object.entries(JSON.parse(right.slice(2)));
  for (const [index, [name, value]] of own.entries()) {
    const peer = other[index];
    if (peer === undefined) return 1;
    if (name !== peer[0]) return name < peer[0] ? -1 : 1;
    const order = compareScalars(value, peer[1]);
    if (order !== 0) return order;
  }
  return own.length - other.length;
}

function compareScalars(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  const own = String(left);
  const other = String(right);
  return own < other ? -1 : own > other ? 1 : 0;
}
