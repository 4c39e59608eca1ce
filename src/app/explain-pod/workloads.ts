import type { Resource } from '../../kube/core/resource.ts';
import { resources } from '../../kube/core/resource.ts';

const apps = (plural: string, kind: string): Resource => ({ group: 'apps', version: 'v1', plural, kind, namespaced: true });
const batch = (plural: string, kind: string): Resource => ({ group: 'batch', version: 'v1', plural, kind, namespaced: true });

/** What may be asked about in a cluster, with kubectl's short names. */
const WORKLOADS: readonly { readonly resource: Resource; readonly short: readonly string[] }[] = [
  { resource: resources.pods, short: ['po'] },
  { resource: apps('deployments', 'Deployment'), short: ['deploy'] },
  { resource: apps('statefulsets', 'StatefulSet'), short: ['sts'] },
  { resource: apps('daemonsets', 'DaemonSet'), short: ['ds'] },
  { resource: apps('replicasets', 'ReplicaSet'), short: ['rs'] },
  { resource: batch('jobs', 'Job'), short: [] },
  { resource: batch('cronjobs', 'CronJob'), short: ['cj'] },
  {
    resource: { group: '', version: 'v1', plural: 'replicationcontrollers', kind: 'ReplicationController', namespaced: true },
    short: ['rc'],
  },
];

/** A pod or workload of a cluster. */
export interface Target {
  readonly resource: Resource;
  readonly name: string;
}

/** Reads `pod/NAME`, `deployment/NAME` and the like, as kubectl writes them; `undefined` for anything else. */
export function parseTarget(text: string): Target | undefined {
  const [, word = '', name = ''] =
    /^([a-z]+)\/([a-z0-9][a-z0-9.-]*)$/.exec(text.replace(/^[A-Za-z]+(?=\/)/, (kind) => kind.toLowerCase())) ?? [];
  const found = WORKLOADS.find(({ resource, short }) => [resource.plural, resource.kind.toLowerCase(), ...short].includes(word));
  return found === undefined || name === '' ? undefined : { resource: found.resource, name };
}
