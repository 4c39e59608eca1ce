import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { sortMembers } from '../resources/canonical.ts';
import { jsonText } from '../routes/json-text.ts';
import { compare } from './internal/compare.ts';
import { configurationProblems } from './internal/configuration-problems.ts';
import { difference, pathsOf } from './internal/field-set.ts';
import { printPath } from './internal/fields-v1.ts';
import { withoutManagedFields } from './internal/managers.ts';
import { ownedFields } from './internal/owned-fields.ts';
import { type ApplyOutcome, conflictStatus, type ServerSideApply, serverSideApply } from './server-side-apply.ts';

/** What `kubectl apply` without `--server-side` keeps in an object: the configuration that it was last given. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** The manager of `kubectl apply --server-side`, unless it is told another one. */
const KUBECTL = 'kubectl';

/**
 * A server-side apply that lets kubectl go over from its own way of applying: fields that stand as kubectl last applied them are kubectl's,
 * whoever is recorded to own them, and the annotation that says what it last applied is kept up. After `lastAppliedManager` and `lastAppliedUpdater`
 * of `apimachinery/pkg/util/managedfields`.
 */
export function applyByAnybody(apply: ServerSideApply): ApplyOutcome {
  const outcome = serverSideApply(apply);
  if (apply.manager !== KUBECTL) return outcome;
  const upgraded = outcome.ok || outcome.conflicts.length === 0 ? outcome : settled(apply, outcome);
  return upgraded.ok ? { ok: true, object: withLastApplied(upgraded.object, apply.applied) } : upgraded;
}

function settled(apply: ServerSideApply, outcome: ApplyOutcome & { readonly ok: false }): ApplyOutcome {
  const own = fieldsLastApplied(apply);
  if (own === undefined) return outcome;
  const conflicts = outcome.conflicts.filter(({ field }) => !own.has(field));
  return conflicts.length === 0 ? serverSideApply({ ...apply, force: true }) : { ok: false, conflicts, status: conflictStatus(conflicts) };
}

/** The fields of the annotation that still stand in the live object as it says, as conflicts print them; undefined without a usable annotation. */
function fieldsLastApplied({ live, apiVersion, listKeys: { shape } }: ServerSideApply): ReadonlySet<string> | undefined {
  const last = configurationOf(live?.metadata.annotations?.[LAST_APPLIED] ?? '');
  if (live === undefined || last?.apiVersion !== apiVersion || configurationProblems(last, shape).length > 0) return undefined;
  const { modified, added, removed } = compare(last, withoutManagedFields(live), shape);
  const standing = difference(difference(difference(ownedFields(last, shape), modified), added), removed);
  return new Set(pathsOf(standing).map(printPath));
}

function configurationOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function withLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  const { annotations } = object.metadata;
  if (!annotations?.[LAST_APPLIED]) return object;
  const { annotations: given, ...metadata } = applied.metadata;
  const { [LAST_APPLIED]: _, ...others } = given ?? {};
  const configuration = { ...applied, metadata: given === undefined ? metadata : { ...metadata, annotations: others } };
  const text = `${jsonText(sortMembers(configuration))}\n`;
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } };
}
