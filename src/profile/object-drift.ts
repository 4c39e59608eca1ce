import type { KubeObject, ManagedFieldsEntry } from '../kube/core/object.ts';
import { sameQuantity } from './internal/quantity.ts';

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fields of the object itself and of its metadata and spec are compared by their own rules where they have one. */
type Place = 'object' | 'metadata' | 'spec' | 'hard' | 'inner';
const PLACES: Readonly<Record<Place, Readonly<Record<string, Place>>>> = {
  object: { metadata: 'metadata', spec: 'spec' },
  metadata: {},
  spec: { hard: 'hard' },
  hard: {},
  inner: {},
};

/** Whether every field of `desired` is in `live` with the same value. Lists are compared whole, ownerReferences by uid. */
function covers(live: unknown, desired: unknown, place: Place): boolean {
  if (Array.isArray(desired)) return sameList(live, desired);
  if (!isTree(desired)) return place === 'hard' ? sameQuantity(live, desired) : live === desired;
  if (!isTree(live)) return false;
  for (const key of Object.keys(desired)) {
    const [is, wanted] = [live[key], desired[key]];
    if (place === 'metadata' && key === 'ownerReferences' && Array.isArray(wanted)) {
      if (!refersTo(is, wanted)) return false;
    } else if (!covers(is, wanted, place === 'hard' ? 'hard' : (PLACES[place][key] ?? 'inner'))) return false;
  }
  return true;
}

function refersTo(live: unknown, desired: readonly unknown[]): boolean {
  const present: readonly unknown[] = Array.isArray(live) ? live : [];
  return desired.every((wanted) =>
    present.some((reference) => isTree(reference) && isTree(wanted) && reference.uid === wanted.uid && covers(reference, wanted, 'inner')),
  );
}

/** No manager owns a part of such a list: a member that its item has too much is as wrong as one that it lacks. */
function sameList(live: unknown, desired: readonly unknown[]): boolean {
  return Array.isArray(live) && live.length === desired.length && desired.every((value, index) => sameItem(live[index], value));
}

function sameItem(live: unknown, desired: unknown): boolean {
  if (Array.isArray(desired)) return sameList(live, desired);
  if (!isTree(desired)) return live === desired;
  if (!isTree(live)) return false;
  // The API server fills in the group of a subject, and nothing else in the items of our lists.
  const known = (key: string): boolean => Object.hasOwn(desired, key) || key === 'apiGroup';
  return Object.keys(live).every(known) && Object.keys(desired).every((key) => sameItem(live[key], desired[key]));
}

/** The leaves that a FieldsV1 set owns, as paths below the object; items of lists end the walk. */
function* ownedLeaves(fields: Tree, path: readonly string[]): Generator<readonly string[]> {
  for (const [key, below] of Object.entries(fields)) {
    if (!key.startsWith('f:')) continue;
    const at = [...path, key.slice(2)];
    const inner = isTree(below) ? Object.keys(below).filter((name) => name !== '.') : [];
    if (isTree(below) && inner.length > 0 && inner.every((name) => name.startsWith('f:'))) yield* ownedLeaves(below, at);
    else yield at;
  }
}

function has(tree: unknown, path: readonly string[]): boolean {
  let at: unknown = tree;
  for (const key of path) {
    if (!isTree(at) || !Object.hasOwn(at, key)) return false;
    at = at[key];
  }
  return true;
}

function ownsMore(entry: ManagedFieldsEntry, desired: KubeObject): boolean {
  for (const leaf of ownedLeaves(entry.fieldsV1 ?? {}, [])) if (!has(desired, leaf)) return true;
  return false;
}

/**
 * Whether applying `desired` as `manager` would change anything: a field differs or is missing, or the manager still owns one
 * that is no longer desired (server-side apply would remove it). What another manager put there and agrees needs no write.
 */
export function needsApply(live: KubeObject | undefined, desired: KubeObject, manager: string): boolean {
  if (live === undefined) return true;
  const { apiVersion: _version, kind: _kind, ...fields } = desired;
  if (!covers(live, fields, 'object')) return true;
  const ours = (live.metadata.managedFields ?? []).filter(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined,
  );
  return ours.some((entry) => ownsMore(entry, desired));
}
