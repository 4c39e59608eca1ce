import type { KubeObject } from '../../../kube/core/object.ts';
import { forbidden } from '../status/refusal.ts';
import { type Members, membersOf, objectsOf, textOf } from './internal/edit.ts';
import type { PodAdmission } from './service-account-admission.ts';

/** The classes that every cluster has. Others are not served here. */
const PRIORITIES = new Map([
  ['', 0],
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);

/** How long a pod stays on a node that is gone, unless it says otherwise. */
const EVICTION_SECONDS = 300;
const GONE_NODE_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/**
 * The admission plugins Priority and DefaultTolerationSeconds on create. 403 for an unknown priority class, and for a priority
 * that is not that of its class. Running it again changes nothing.
 */
export function admitPod(pod: KubeObject): PodAdmission {
  const spec = membersOf(pod.spec);
  const className = textOf(spec.priorityClassName);
  const priority = PRIORITIES.get(className);
  if (priority === undefined) return refused(pod, `no PriorityClass with name ${className} was found`);
  const asked = spec.priority;
  if (typeof asked === 'number' && asked !== priority) {
    return refused(
      pod,
      `the integer value of priority (${asked}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  const preemptionPolicy = spec.preemptionPolicy ?? 'PreemptLowerPriority';
  return { ok: true, pod: { ...pod, spec: { ...spec, tolerations: tolerations(spec), priority, preemptionPolicy } } };
}

function refused(pod: KubeObject, why: string): PodAdmission {
  return { ok: false, status: forbidden({ group: '', plural: 'pods' }, pod.metadata.name ?? '', why).status };
}

function tolerations(spec: Members): readonly Members[] {
  const own = objectsOf(spec.tolerations);
  const missing = GONE_NODE_TAINTS.filter((taint) => !own.some((toleration) => tolerates(toleration, taint)));
  return [...own, ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: EVICTION_SECONDS }))];
}

function tolerates(toleration: Members, taint: string): boolean {
  const key = textOf(toleration.key);
  const effect = textOf(toleration.effect);
  return (key === taint || key === '') && (effect === 'NoExecute' || effect === '');
}
