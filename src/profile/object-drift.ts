import type { KubeObject, ManagedFieldsEntry } from '../kube/core/object.ts';
import { sameQuantity } from './internal/quantity.ts';

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether every field of `desired` is in `live` with the same value. Lists are compared whole, ownerReferences by uid. */
function covers(live: unknown, desired: unknown, path: string): boolean {
  if (path === '/metadata/ownerReferences' && Array.isArray(desired)) {
    const present = Array.isArray(live) ? live : [];
    return desired.every((wanted) =>
      present.some((reference) => isTree(reference) && isTree(wanted) && reference.uid === wanted.uid && covers(reference, wanted, '')),
    );
  }
  if (Array.isArray(desired)) {
    return Array.isArray(live) && live.length === desired.length && desired.every((value, index) => covers(live[index], value, `${path}/`));
  }
  if (isTree(desired)) return isTree(live) && Object.entries(desired).every(([key, value]) => covers(live[key], value, `${path}/${key}`));
  if (path.startsWith('/spec/hard/')) return sameQuantity(live, desired);
  return live === desired;
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
  if (!covers(live, fields, '')) return true;
  const ours = (live.metadata.managedFields ?? []).filter(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined,
  );
  return ours.some((entry) => ownsMore(entry, desired));
}
