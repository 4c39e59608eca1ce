import type { KubeObject, ManagedFieldsEntry } from '../../../kube/core/object.ts';
import { type Comparison, compare, withoutFields } from './internal/compare.ts';
import { EMPTY_SET, recursiveDifference, union } from './internal/field-set.ts';
import {
  capUpdaters,
  type Managers,
  managerId,
  metaTime,
  type Owned,
  readManagers,
  resetFields,
  takeFields,
  withOwner,
  withoutManagedFields,
  writeManagers,
} from './internal/managers.ts';
import type { ListKeys } from './list-keys.ts';

/** A create, an update or a patch (not an apply), as ownership sees it. */
export interface RecordedUpdate {
  /** Undefined on create. */
  readonly before: KubeObject | undefined;
  /** With the `managedFields` that the request left in it. */
  readonly after: KubeObject;
  /** Empty becomes `unknown`. */
  readonly manager: string;
  /** The version through which the object was written. */
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly now: Date;
  readonly listKeys: ListKeys;
}

/**
 * The `metadata.managedFields` after a write that is not an apply: the writer owns what it changed, nobody else does any more,
 * and what is gone is owned by nobody. An object that nobody managed stays unmanaged; `managedFields: []` in a request resets them.
 * After `apimachinery/pkg/util/managedfields`.
 */
export function recordUpdate(update: RecordedUpdate): ManagedFieldsEntry[] {
  const before = update.before ?? createdFrom(update.listKeys, update.after);
  const managers = startingManagers(update);
  const unmanaged = managers.size === 0 && update.before !== undefined;
  if (unmanaged) return [];
  return writeManagers(
    updateManagers(managers, {
      ...update,
      before: withoutManagedFields(before),
      after: withoutManagedFields(update.after),
    }),
  );
}

/** What a create starts from: the encoding of the kind's zero value. */
export function createdFrom(listKeys: ListKeys, object: KubeObject): KubeObject {
  const { apiVersion, kind } = object;
  return { ...(apiVersion === undefined ? {} : { apiVersion }), ...(kind === undefined ? {} : { kind }), metadata: {}, ...listKeys.zero };
}

function startingManagers({ before, after, subresource }: RecordedUpdate): Managers {
  const live = readManagers(before?.metadata.managedFields) ?? new Map();
  if (subresource !== undefined) return live;
  const sent = after.metadata.managedFields;
  if (sent !== undefined && (sent.length === 0 || (sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0))) return new Map();
  const own = readManagers(sent);
  return own === undefined || own.size === 0 ? live : own;
}

/** The managers after an update; both objects without `managedFields`. */
export function updateManagers(managers: Managers, update: RecordedUpdate & { readonly before: KubeObject }): Managers {
  const { listKeys, subresource } = update;
  const ignored = resetFields(listKeys.resets, subresource);
  const whole = compare(update.before, update.after, listKeys.shape);
  const changes = withoutFields(whole, ignored);
  const others = takeFields(managers, allOf(changes));
  const fields = recursiveDifference(union(changes.modified, changes.added), ignored);
  const self: Owned = {
    manager: update.manager === '' ? 'unknown' : update.manager,
    operation: 'Update',
    apiVersion: update.apiVersion,
    subresource,
    time: metaTime(update.now),
    fields,
  };
  const stripped = withOwner(new Map(), self).get(managerId(self));
  if (stripped === undefined) return capUpdaters(others);
  const previous = others.get(managerId(self))?.fields ?? EMPTY_SET;
  return capUpdaters(new Map(others).set(managerId(self), { ...stripped, fields: union(previous, stripped.fields) }));
}

function allOf(changes: Comparison): Comparison['added'] {
  return union(union(changes.added, changes.modified), changes.removed);
}
