import type { KubeObject } from '../../../kube/core/object.ts';
import { type Members, membersOf, objectsOf, textOf } from './internal/edit.ts';

/** A new pod waits: its status is `Pending` and its quality of service, whatever the request said. */
export function startingStatus(pod: KubeObject): KubeObject {
  return { ...pod, status: { phase: 'Pending', qosClass: qosClassOf(pod) } };
}

/**
 * `Guaranteed` when every container has limits for CPU and memory and requests equal to them, `BestEffort` when none has either,
 * else `Burstable` (`pkg/apis/core/v1/helper/qos`).
 */
export function qosClassOf(pod: KubeObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const spec = membersOf(pod.spec);
  const containers = [...objectsOf(spec.containers), ...objectsOf(spec.initContainers)].map((container) => membersOf(container.resources));
  const counted = containers.map((resources) => ({ limits: computing(resources.limits), requests: computing(resources.requests) }));
  if (counted.every(({ limits, requests }) => limits.size === 0 && requests.size === 0)) return 'BestEffort';
  const guaranteed = counted.every(
    ({ limits, requests }) => limits.size === 2 && [...limits].every(([name, quantity]) => requests.get(name) === quantity),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function computing(resources: unknown): ReadonlyMap<string, string> {
  const quantities: Members = membersOf(resources);
  const named = ['cpu', 'memory'].map((name) => [name, quantityText(quantities[name])] as const);
  return new Map(named.filter(([, quantity]) => quantity !== '' && !/^0+([.]0+)?[a-zA-Z]*$/.test(quantity)));
}

function quantityText(value: unknown): string {
  return typeof value === 'number' ? String(value) : textOf(value);
}
