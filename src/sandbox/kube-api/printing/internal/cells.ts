import { isJsonObject } from '../../../../base/json.ts';
import type { KubeObject } from '../../../../kube/core/object.ts';
import { ageOf } from '../human-duration.ts';
import { at, listAt, numberAt, textAt } from './values.ts';

const NONE = '<none>';
const ROLE_PREFIX = 'node-role.kubernetes.io/';

export function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, 'status', 'conditions').find((condition) => condition.type === 'Ready');
  const status = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return at(node, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status;
}

export function nodeRoles({ metadata }: KubeObject): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([label, value]) => {
    if (label.startsWith(ROLE_PREFIX) && label.length > ROLE_PREFIX.length) return [label.slice(ROLE_PREFIX.length)];
    return label === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return [...new Set(roles)].sort().join(',') || NONE;
}

export function deploymentReady(deployment: KubeObject): string {
  return `${numberAt(deployment, 'status', 'readyReplicas')}/${numberAt(deployment, 'spec', 'replicas')}`;
}

export function portsText(service: KubeObject): string {
  const ports = listAt(service, 'spec', 'ports').map((port) => {
    const node = numberAt(port, 'nodePort');
    return `${numberAt(port, 'port')}${node > 0 ? `:${node}` : ''}/${textAt(port, 'protocol')}`;
  });
  return ports.join(',') || NONE;
}

export function externalIp(service: KubeObject): string {
  const own = at(service, 'spec', 'externalIPs');
  const external = Array.isArray(own) ? own.map(String) : [];
  switch (textAt(service, 'spec', 'type')) {
    case 'ExternalName':
      return textAt(service, 'spec', 'externalName');
    case 'LoadBalancer': {
      const ingress = listAt(service, 'status', 'loadBalancer', 'ingress').map((each) => textAt(each, 'ip') || textAt(each, 'hostname'));
      return [...ingress, ...external].join(',') || '<pending>';
    }
    default:
      return external.join(',') || NONE;
  }
}

/** Addresses with their ports. */
export function endpointsText(endpoints: KubeObject): string {
  const all = listAt(endpoints, 'subsets').flatMap((subset) => {
    const addresses = listAt(subset, 'addresses').map((address) => textAt(address, 'ip'));
    const ports = listAt(subset, 'ports');
    return ports.length === 0 ? addresses : ports.flatMap((port) => addresses.map((address) => `${address}:${numberAt(port, 'port')}`));
  });
  return firstThree(all, NONE);
}

/** At most three values, and how many more there are. */
export function firstThree(values: readonly unknown[], none: string): string {
  if (values.length === 0) return none;
  const shown = values.slice(0, 3).join(',');
  return values.length > 3 ? `${shown} + ${values.length - 3} more...` : shown;
}

/** `name: used/hard` of the resources that `which` picks. */
export function quotaText(quota: KubeObject, which: (name: string) => boolean): string {
  const hard = at(quota, 'status', 'hard');
  const names = isJsonObject(hard) ? Object.keys(hard).filter(which).sort() : [];
  return names
    .map((name) => `${name}: ${quantity(at(quota, 'status', 'used', name))}/${quantity(at(quota, 'status', 'hard', name))}`)
    .join(', ');
}

function quantity(value: unknown): string {
  return value === undefined ? '0' : String(value);
}

/** How long ago an event was observed first and last. */
export function eventTimes(event: KubeObject, now: Date): { readonly first: string; readonly last: string } {
  const first = ageOf(event.firstTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime, now);
  const series = at(event, 'series', 'lastObservedTime');
  const last = series ?? event.lastTimestamp ?? event.deprecatedLastTimestamp;
  return { first, last: last === undefined || last === null ? first : ageOf(last, now) };
}
