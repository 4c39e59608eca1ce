import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { Status } from '../../../kube/core/status.ts';
import { compare, withoutFields } from './internal/compare.ts';
import { configurationProblems } from './internal/configuration-problems.ts';
import {
  difference,
  EMPTY_SET,
  type FieldSet,
  intersection,
  isEmptySet,
  pathsOf,
  recursiveDifference,
  union,
} from './internal/field-set.ts';
import { printPath } from './internal/fields-v1.ts';
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
import { merge } from './internal/merge.ts';
import { ownedFields, withNamedParents } from './internal/owned-fields.ts';
import { removeFields } from './internal/remove.ts';
import type { ListKeys, Shape } from './list-keys.ts';
import { createdFrom, updateManagers } from './managed-fields.ts';
import { sameJson } from './same-json.ts';

/** A server-side apply (KEP-555): the configuration that `manager` wants, whole. */
export interface ServerSideApply {
  /** Undefined: the object does not exist yet. */
  readonly live: KubeObject | undefined;
  readonly applied: KubeObject;
  readonly manager: string;
  /** Take over fields of others instead of conflicting. */
  readonly force: boolean;
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly now: Date;
  readonly listKeys: ListKeys;
}

/** A field that another manager owns with another value. `manager` is as messages print it: quoted, updaters with their version. */
export interface ApplyConflict {
  readonly manager: string;
  /** Such as `.spec.owner.name`. */
  readonly field: string;
}

export type ApplyOutcome =
  | { readonly ok: true; readonly object: KubeObject }
  /** `conflicts` is empty when the configuration itself is refused; `status` is the answer either way. */
  | { readonly ok: false; readonly conflicts: readonly ApplyConflict[]; readonly status: Status };

/**
 * Merges a configuration into the live object and records its owner. Fields that the manager applied before and does not mention
 * any more are removed unless somebody else owns them. A repeated apply that changes nothing returns `live` itself in content,
 * its times included. Answers 409 on conflicts unless forced, 400 and 500 as the real server does for configurations it cannot read.
 */
export function serverSideApply(apply: ServerSideApply): ApplyOutcome {
  const refusal = refusalOf(apply);
  if (refusal !== undefined) return { ok: false, conflicts: [], status: refusal };
  const live = withoutManagedFields(apply.live ?? createdFrom(apply.listKeys, apply.applied));
  const before = managersBefore(apply, live);
  const shape = apply.listKeys.shape;
  const ignored = resetFields(apply.listKeys.resets, apply.subresource);

  const self: Owned = {
    manager: apply.manager,
    operation: 'Apply',
    apiVersion: apply.apiVersion,
    subresource: apply.subresource,
    time: undefined,
    fields: recursiveDifference(ownedFields(apply.applied, shape), ignored),
  };
  const id = managerId(self);
  const last = before.get(id);
  const merged = merge(live, apply.applied, shape);
  const claimed = new Map(before).set(id, self);
  const object = asObject(prune(merged, claimed, last?.fields ?? EMPTY_SET, shape), live);

  const changes = withoutFields(compare(live, object, shape), ignored);
  const conflicts = conflictsOf(claimed, id, union(changes.modified, changes.added));
  if (conflicts.length > 0 && !apply.force) return { ok: false, conflicts, status: conflictStatus(conflicts) };

  const changed = apply.live === undefined || !sameJson(live, object);
  const time = changed ? metaTime(apply.now) : last?.time;
  const others = takeFields(claimed, union(union(changes.modified, changes.added), changes.removed), id);
  const managers = capUpdaters(withOwner(others, { ...self, time }));
  return { ok: true, object: withManagers(changed ? object : live, managers) };
}

function managersBefore(apply: ServerSideApply, live: KubeObject): Managers {
  const managers = readManagers(apply.live?.metadata.managedFields) ?? new Map<string, Owned>();
  if (managers.size > 0 || apply.live === undefined) return managers;
  // Nobody is known to own what is there already, so that it is nobody's to lose by this apply.
  return updateManagers(managers, {
    before: createdFrom(apply.listKeys, live),
    after: live,
    manager: 'before-first-apply',
    apiVersion: apply.apiVersion,
    ...(apply.subresource === undefined ? {} : { subresource: apply.subresource }),
    now: apply.now,
    listKeys: apply.listKeys,
  });
}

/** Without what the manager applied last time, does not apply now, and nobody else owns. */
function prune(merged: unknown, managers: Managers, last: FieldSet, shape: Shape): unknown {
  if (isEmptySet(last)) return merged;
  const named = (set: FieldSet): FieldSet => withNamedParents(set, merged, shape);
  const owned = (value: unknown): FieldSet => named(ownedFields(value, shape));
  const all = owned(merged);
  const everybody = [...managers.values()].reduce((set, owner) => union(set, owner.fields), EMPTY_SET);
  const withoutLast = removeFields(merged, named(last), shape);
  const withOwned = removeFields(merged, difference(all, union(owned(withoutLast), named(everybody))), shape);
  return removeFields(merged, intersection(difference(all, owned(withOwned)), named(last)), shape);
}

function conflictsOf(managers: Managers, self: string, changed: FieldSet): ApplyConflict[] {
  return [...managers]
    .filter(([id]) => id !== self)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, owner]) =>
      pathsOf(intersection(owner.fields, changed)).map((path) => ({ manager: printOwner(owner), field: printPath(path) })),
    );
}

function printOwner(owner: Owned): string {
  const name = JSON.stringify(owner.manager);
  const through = owner.subresource === undefined ? '' : ` with subresource ${JSON.stringify(owner.subresource)}`;
  return `${name}${through}${owner.operation === 'Update' ? ` using ${owner.apiVersion}` : ''}`;
}

/** The 409 that names every conflict. */
export function conflictStatus(conflicts: readonly ApplyConflict[]): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: conflictMessage(conflicts),
    reason: 'Conflict',
    details: {
      causes: conflicts.map(({ manager, field }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
    },
    code: 409,
  };
}

function conflictMessage(conflicts: readonly ApplyConflict[]): string {
  const [first] = conflicts;
  if (first !== undefined && conflicts.length === 1) return `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.field}`;
  const managers = [...new Set(conflicts.map(({ manager }) => manager))];
  const lines = managers.flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...conflicts.filter((conflict) => conflict.manager === manager).map(({ field }) => `- ${field}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function refusalOf({ applied, apiVersion, listKeys }: ServerSideApply): Status | undefined {
  const failure = (code: 400 | 500, message: string): Status => ({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(code === 400 ? { reason: 'BadRequest' } : {}),
    code,
  });
  if (applied.apiVersion !== apiVersion) {
    return failure(
      400,
      `Incorrect version specified in apply patch. Specified patch version: ${applied.apiVersion ?? ''}, expected: ${apiVersion}`,
    );
  }
  if (applied.metadata.managedFields !== undefined) return failure(400, 'metadata.managedFields must be nil');
  const problems = configurationProblems(applied, listKeys.shape);
  if (problems.length === 0) return undefined;
  const { namespace = '', name = '' } = applied.metadata;
  const kind = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${applied.kind ?? ''}`;
  const text = problems.length === 1 ? problems.join() : `errors:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
  return failure(500, `failed to create typed patch object (${namespace}/${name}; ${kind}): ${text}`);
}

function asObject(value: unknown, live: KubeObject): KubeObject {
  if (!isJsonObject(value)) return live;
  const metadata: KubeObject['metadata'] = isJsonObject(value.metadata) ? value.metadata : {};
  return { ...value, metadata };
}

function withManagers(object: KubeObject, managers: Managers): KubeObject {
  const entries = writeManagers(managers);
  const { managedFields: _, ...metadata } = object.metadata;
  return entries.length === 0 ? { ...object, metadata } : { ...object, metadata: { ...metadata, managedFields: entries } };
}
