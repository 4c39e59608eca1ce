import { annotationKeys } from '../identity/annotations.ts';
import type { KubeObject } from '../kube/core/object.ts';
import type { Verdict } from './conditions.ts';
import { reasons } from './reasons.data.ts';

/** A container as far as the question goes which role it has. */
export interface PodContainer {
  readonly name?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

/** A pod that has not ended. */
export interface RunningPod extends KubeObject {
  readonly spec?: { readonly containers?: readonly PodContainer[]; readonly initContainers?: readonly PodContainer[] };
}

/** The pods of a profile that run without the role that their service account carries: at most ten by name, oldest name first. */
export interface StalePods {
  readonly count: number;
  readonly names: readonly string[];
}

/** The pods of one service account, and the role that it was seen to carry. */
export interface AccountPods {
  readonly serviceAccount: string;
  readonly role: string;
  readonly pods: readonly RunningPod[];
  /** There are more than were listed. */
  readonly more: boolean;
}

const MOST_NAMES = 10;
const SKIP_CONTAINERS = annotationKeys().skipContainers;

/**
 * Whether a pod has to be started anew to get `role`: none of its containers has it. A pod gets its role when it is made, so one that is older
 * than the annotation goes on without, and one that is older than a change of the role goes on with the former. Not stale: a pod that is
 * going, one that has credentials of EKS Pod Identity or a role by reference of its own, and one whose every container asks to be left alone.
 */
export function isStale(pod: RunningPod, role: string): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const skipped = new Set((pod.metadata.annotations?.[SKIP_CONTAINERS] ?? '').split(',').map((name) => name.trim()));
  const asking = containers.filter(({ name }) => !skipped.has(name ?? ''));
  return asking.length > 0 && !asking.some((container) => hasRole(container, role));
}

function hasRole({ env = [] }: PodContainer, role: string): boolean {
  return env.some(
    ({ name, value }) =>
      name === 'AWS_CONTAINER_CREDENTIALS_FULL_URI' || (name === 'AWS_ROLE_ARN' && (value === undefined || value === role)),
  );
}

/** What the pods of a profile's annotated service accounts come to: the condition PodsCurrent, and who must be started anew. Pure. */
export function stalePodsOf(accounts: readonly AccountPods[]): { readonly verdict: Verdict; readonly stale: StalePods | undefined } {
  const found = accounts.flatMap(({ pods, role, serviceAccount }) =>
    pods.filter((pod) => isStale(pod, role)).map((pod) => ({ name: pod.metadata.name ?? '', role, serviceAccount })),
  );
  const partial = accounts.some(({ more }) => more);
  if (found.length === 0) {
    const message = partial ? `${reasons.PodsCurrent.doc}, as far as they were looked at` : reasons.PodsCurrent.doc;
    return { verdict: { reason: 'PodsCurrent', message }, stale: undefined };
  }
  const names = found.map(({ name }) => name).sort();
  const shown = names.slice(0, MOST_NAMES);
  const left = names.length - shown.length;
  const what = [...new Set(found.map(({ role, serviceAccount }) => `${role} of ${serviceAccount}`))].join(', ');
  const count = `${partial ? 'at least ' : ''}${names.length} ${names.length === 1 ? 'pod was' : 'pods were'}`;
  const message = `${count} made before, and without, ${what}: restart ${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
  return { verdict: { reason: 'PodsNeedRestart', message }, stale: { count: names.length, names: shown } };
}
