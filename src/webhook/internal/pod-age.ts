import { isJsonObject } from '../../base/json.ts';
import type { ObjectMeta } from '../../kube/core/object.ts';
import type { PodFinding } from '../pod-findings.ts';

export interface AgeFacts {
  readonly account: ObjectMeta | undefined;
  readonly mapping: ObjectMeta | undefined;
  readonly origin: 'container-credentials' | 'service-account' | 'config-map' | undefined;
  /** Name of the role's annotation. */
  readonly annotation: string;
  readonly restart: string;
}

/**
 * Whether the pod was made before its account, or before what binds the account to a role. The API server keeps the time of each manager's last write,
 * which may be later than that of the field in question, so the finding says "changed". Times are whole seconds; equal ones prove nothing.
 */
export function createdBefore(pod: unknown, { account, mapping, origin, annotation, restart }: AgeFacts): PodFinding | undefined {
  const metadata = isJsonObject(pod) && isJsonObject(pod.metadata) ? pod.metadata : {};
  const made = timeOf(metadata.creationTimestamp);
  if (made === undefined) return undefined;
  const accountMade = timeOf(account?.creationTimestamp);
  if (accountMade !== undefined && accountMade > made)
    return {
      code: 'CreatedBeforeServiceAccount',
      severity: 'error',
      message: `the pod was made at ${iso(made)}, its service account at ${iso(accountMade)}: it has none of what the account was given`,
      remedy: restart,
    };
  const [meta, path, what] =
    origin === 'config-map'
      ? ([mapping, ['f:data'], 'the mapping ConfigMap'] as const)
      : ([account, ['f:metadata', 'f:annotations', `f:${annotation}`], `annotation ${annotation} of its service account`] as const);
  const written = origin === 'container-credentials' ? undefined : writtenAt(meta, path);
  if (written === undefined || written <= made) return undefined;
  return {
    code: 'CreatedBeforeAnnotation',
    severity: 'error',
    message: `the pod was made at ${iso(made)}, before ${what} was changed at ${iso(written)}`,
    remedy: restart,
  };
}

/** The last write of whoever manages a field. */
function writtenAt(meta: ObjectMeta | undefined, path: readonly string[]): number | undefined {
  const times = (meta?.managedFields ?? []).flatMap(({ fieldsV1, time }) => {
    let fields: unknown = fieldsV1;
    for (const name of path) fields = isJsonObject(fields) && Object.hasOwn(fields, name) ? fields[name] : undefined;
    const at = timeOf(time);
    return fields === undefined || at === undefined ? [] : [at];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}

function timeOf(value: unknown): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
