import type { KubeObject } from '../../../kube/core/object.ts';

/** Members that `v1` and `events.k8s.io/v1` name differently: core name, events name. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

/** An event as `v1` or `events.k8s.io/v1` shows it; the two are one resource with two shapes. */
export function eventAsServed(group: string, event: KubeObject): KubeObject {
  const apiVersion = group === '' ? 'v1' : 'events.k8s.io/v1';
  if (event.apiVersion === apiVersion) return event;
  const names = new Map(RENAMED.map(([core, events]) => (group === '' ? [events, core] : [core, events])));
  const renamed = Object.fromEntries(Object.entries(event).map(([name, value]) => [names.get(name) ?? name, value]));
  return { ...renamed, apiVersion, metadata: event.metadata };
}
