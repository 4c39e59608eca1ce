import type { KubeObject, ManagedFieldsEntry } from '../../../../kube/core/object.ts';
import { difference, EMPTY_SET, type FieldSet, fieldSetOf, isEmptySet, union } from './field-set.ts';
import { fromFieldsV1, toFieldsV1 } from './fields-v1.ts';

/** What one manager owns. */
export interface Owned {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string | undefined;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Managers by identity: appliers by name and subresource, updaters also by API version. */
export type Managers = ReadonlyMap<string, Owned>;

/** The identity under which a manager's fields are kept. */
export function managerId(owner: Omit<Owned, 'fields' | 'time'>): string {
  const version = owner.operation === 'Apply' ? '' : owner.apiVersion;
  return JSON.stringify([owner.manager, owner.operation, version, owner.subresource ?? '']);
}

/** The managers of an object's `managedFields`; undefined when an entry is not one the API server writes. */
export function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers | undefined {
  const managers = new Map<string, Owned>();
  for (const entry of entries ?? []) {
    const { operation, apiVersion } = entry;
    const fields = fromFieldsV1(entry.fieldsV1 ?? {});
    if ((operation !== 'Apply' && operation !== 'Update') || !apiVersion || entry.fieldsType !== 'FieldsV1' || fields === undefined)
      return undefined;
    const owner: Owned = { manager: entry.manager ?? '', operation, apiVersion, subresource: entry.subresource, time: entry.time, fields };
    managers.set(managerId(owner), owner);
  }
  return managers;
}

/** The entries of these managers in the order of the API server: appliers, then updaters; each by time, then name. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] {
  return [...managers.values()].sort(compareOwners).map((owner) => ({
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time === undefined ? {} : { time: owner.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(owner.fields),
    ...(owner.subresource === undefined ? {} : { subresource: owner.subresource }),
  }));
}

function compareOwners(left: Owned, right: Owned): number {
  const keys = (owner: Owned): readonly string[] => [
    owner.operation,
    owner.time ?? '',
    owner.manager,
    owner.apiVersion,
    owner.subresource ?? '',
  ];
  const own = keys(left);
  const other = keys(right);
  for (const [index, key] of own.entries()) {
    const peer = other[index] ?? '';
    if (key !== peer) return key < peer ? -1 : 1;
  }
  return 0;
}

/** `meta/v1` Time: UTC, whole seconds. */
export function metaTime(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

/** Fields that nobody owns: they are the API server's own, or name the object. */
const NEVER_OWNED = fieldSetOf([
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
    (name) => ['f:metadata', `f:${name}`],
  ),
]);

/** The managers with `owner` in place, without the fields that nobody owns; an owner of nothing is dropped. */
export function withOwner(managers: Managers, owner: Owned): Managers {
  const fields = difference(owner.fields, NEVER_OWNED);
  const result = new Map(managers);
  if (isEmptySet(fields)) result.delete(managerId(owner));
  else result.set(managerId(owner), { ...owner, fields });
  return result;
}

/** All managers but `except` without `taken`; whoever owns nothing any more is dropped. */
export function takeFields(managers: Managers, taken: FieldSet, except?: string): Managers {
  const result = new Map<string, Owned>();
  for (const [id, owner] of managers) {
    const fields = id === except ? owner.fields : difference(owner.fields, taken);
    if (!isEmptySet(fields)) result.set(id, { ...owner, fields });
  }
  return result;
}

/** How many updaters an object remembers by name (`DefaultMaxUpdateManagers`). */
const MAX_UPDATERS = 10;
const ANCIENT = 'ancient-changes';

/** At most ten updaters: the oldest are merged, per API version, into one that stands for ancient changes. */
export function capUpdaters(managers: Managers): Managers {
  const updaters = [...managers]
    .filter(([, owner]) => owner.operation === 'Update')
    .sort(([, left], [, right]) => compareOwners(left, right));
  const result = new Map(managers);
  const firstOfVersion = new Map<string, string>();
  let count = updaters.length;
  for (const [id, owner] of updaters) {
    if (count <= MAX_UPDATERS) break;
    const first = firstOfVersion.get(owner.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(owner.apiVersion, id);
      continue;
    }
    const bucket: Owned = { ...owner, manager: ANCIENT, subresource: undefined };
    const bucketId = managerId(bucket);
    const before = (result.get(bucketId) ?? result.get(first))?.fields ?? EMPTY_SET;
    result.delete(first);
    result.delete(id);
    result.set(bucketId, { ...bucket, fields: union(before, owner.fields) });
    count -= 1;
  }
  return result;
}

/** The object as it is compared: without `managedFields`, which are about it and not of it. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  return { ...object, metadata };
}

/** The fields that a write through this door ignores. */
export function resetFields(resets: Readonly<Record<string, readonly (readonly string[])[]>>, subresource: string | undefined): FieldSet {
  return fieldSetOf((resets[subresource ?? ''] ?? []).map((path) => path.map((name) => `f:${name}`)));
}
