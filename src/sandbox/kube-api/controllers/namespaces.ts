import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { type ApiContext, timestamp } from '../context.ts';
import { identified } from '../resources/canonical.ts';
import { deleteLive, isGone } from '../verbs/deletion.ts';
import type { Controller } from './controller.ts';
import { controllerWrite } from './controller-write.ts';

const NAMESPACES = 'namespaces';

/** An object that a namespace always has. */
interface Content {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** Every living namespace has the service account `default` and the ConfigMap with the cluster's CA, as two controllers of the real one see to. */
export function namespaceContentController(context: ApiContext, caPem: string): Controller {
  const ensure = (plural: string, namespace: string, content: Content): void => {
    const type = context.registry.find('', 'v1', plural);
    const { name, annotations, ...rest } = content;
    const key = `${namespace}/${name}`;
    if (!type || context.store.get(plural, key)) return;
    const metadata = { name, namespace, ...(annotations ? { annotations } : {}) };
    const identity = { uid: context.newId(), creationTimestamp: timestamp(context.clock.now()) };
    context.store.create(plural, key, identified(type, { kind: type.kind, apiVersion: 'v1', metadata, ...rest }, identity));
  };
  return {
    name: 'namespace-content',
    concerns: ({ bucket, type, key, object }) => {
      if (bucket === NAMESPACES && type !== 'DELETED') return [key];
      const restored = type === 'DELETED' && (bucket === 'serviceaccounts' || bucket === 'configmaps');
      return restored && object.metadata.namespace ? [object.metadata.namespace] : [];
    },
    reconcile: (name) => {
      const namespace = context.store.get(NAMESPACES, name);
      if (!namespace || namespace.metadata.deletionTimestamp !== undefined) return;
      ensure('serviceaccounts', name, { name: 'default' });
      ensure('configmaps', name, {
        name: 'kube-root-ca.crt',
        annotations: { 'kubernetes.io/description': 'the CA certificate that this API server is verified with' },
        data: { 'ca.crt': caPem },
      });
    },
  };
}

/** Empties a terminating namespace and lets it go; what a finalizer holds is named in its conditions. */
export function namespaceDeletionController(context: ApiContext): Controller {
  return {
    name: 'namespace-deletion',
    concerns: ({ bucket, type, key, object }) => {
      if (bucket === NAMESPACES) return type === 'DELETED' || object.metadata.deletionTimestamp === undefined ? [] : [key];
      const { namespace } = object.metadata;
      const going =
        namespace !== undefined && type === 'DELETED' && context.store.get(NAMESPACES, namespace)?.metadata.deletionTimestamp !== undefined;
      return going ? [namespace] : [];
    },
    reconcile: (name) => {
      const namespace = context.store.get(NAMESPACES, name);
      if (!namespace || namespace.metadata.deletionTimestamp === undefined) return;
      const left = deleteContent(context, name);
      if (left.length === 0) release(context, name);
      else report(context, name, left);
    },
  };
}

interface Leftover {
  readonly resource: string;
  readonly finalizers: readonly string[];
}

/** Deletes what is in a namespace; returns what finalizers hold back. */
function deleteContent(context: ApiContext, namespace: string): readonly Leftover[] {
  const left: Leftover[] = [];
  const buckets = new Set(context.registry.all().flatMap((type) => (type.namespaced ? [type.bucket] : [])));
  for (const bucket of buckets) {
    for (const { key, object } of context.store.list(bucket, `${namespace}/`)) {
      const type = context.registry.ofKind(object.apiVersion ?? '', object.kind ?? '');
      if (type) deleteLive(context, type, object, { gracePeriodSeconds: undefined, propagation: 'Background' });
      const kept = context.store.get(bucket, key);
      if (kept) left.push({ resource: bucket, finalizers: kept.metadata.finalizers ?? [] });
    }
  }
  return left;
}

function release(context: ApiContext, name: string): void {
  const namespace = context.store.get(NAMESPACES, name);
  if (!namespace) return;
  const spec = isJsonObject(namespace.spec) ? namespace.spec : {};
  const finalizers = Array.isArray(spec.finalizers) ? spec.finalizers.filter((finalizer) => finalizer !== 'kubernetes') : [];
  const next: KubeObject = { ...namespace, spec: finalizers.length > 0 ? { finalizers } : {} };
  if (isGone(next)) context.store.remove(NAMESPACES, name, namespace);
  else if (JSON.stringify(next) !== JSON.stringify(namespace)) context.store.update(NAMESPACES, name, next, namespace);
}

function report(context: ApiContext, name: string, left: readonly Leftover[]): void {
  const namespace = context.store.get(NAMESPACES, name);
  const type = context.registry.find('', 'v1', NAMESPACES);
  if (!namespace || !type) return;
  const now = timestamp(context.clock.now());
  const resources = countBy(left.map((item) => item.resource)).map(([resource, count]) => `${resource} has ${count} resource instances`);
  const finalizers = countBy(left.flatMap((item) => item.finalizers)).map(
    ([finalizer, count]) => `${finalizer} in ${count} resource instances`,
  );
  const condition = (kind: string, status: 'True' | 'False', reason: string, message: string): object => ({
    type: kind,
    status,
    lastTransitionTime: now,
    reason,
    message,
  });
  const conditions = [
    condition('NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered', 'All resources successfully discovered'),
    condition('NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'),
    condition(
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    condition('NamespaceContentRemaining', 'True', 'SomeResourcesRemain', `Some resources are remaining: ${resources.join(', ')}`),
    condition(
      'NamespaceFinalizersRemaining',
      'True',
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
    ),
  ];
  const status = isJsonObject(namespace.status) ? namespace.status : {};
  if (withoutTimes(status.conditions) === withoutTimes(conditions)) return;
  controllerWrite(context, type, { live: namespace, next: { ...namespace, status: { ...status, conditions } }, subresource: 'status' });
}

function countBy(names: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts];
}

function withoutTimes(conditions: unknown): string {
  return JSON.stringify(conditions, (key, value: unknown) => (key === 'lastTransitionTime' ? undefined : value)) ?? '';
}
