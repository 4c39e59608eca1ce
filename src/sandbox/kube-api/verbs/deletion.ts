import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { type ApiContext, timestamp } from '../context.ts';
import { canonical } from '../resources/canonical.ts';
import { type ResourceType, storageKey } from '../resources/resource-type.ts';

/** How dependents are treated when their owner goes. */
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** How an object is to go. */
export interface DeletionWay {
  /** Seconds; only pods on a node have any. */
  readonly gracePeriodSeconds: number | undefined;
  readonly propagation: Propagation | undefined;
}

/** The end of a delete: gone, or marked and waiting for finalizers or a grace period. */
export interface DeletionOutcome {
  readonly removed: boolean;
  readonly object: KubeObject;
}

const FINALIZER_OF: Readonly<Record<Propagation, string | undefined>> = {
  Background: undefined,
  Foreground: 'foregroundDeletion',
  Orphan: 'orphan',
};
/** What a pod on a node is given to stop, in seconds, when nobody says otherwise. */
const POD_GRACE_SECONDS = 30;

/** Deletes the object that is stored right now: removes it, or marks it where something holds it. No admission is asked. */
export function deleteLive(context: ApiContext, type: ResourceType, live: KubeObject, way: DeletionWay): DeletionOutcome {
  const marked = mark(context, type, live, way);
  if (marked === live) return { removed: false, object: live };
  const outcome = writeOrRemove(context, type.bucket, marked, live);
  return outcome.removed && isGraceful(type) ? { removed: true, object: marked } : outcome;
}

/** Pods are deleted with grace, even where it is none: the answer then shows the mark. */
function isGraceful(type: ResourceType): boolean {
  return type.bucket === 'pods';
}

/** The same without writing anything. */
export function tryDeletion(context: ApiContext, type: ResourceType, live: KubeObject, way: DeletionWay): DeletionOutcome {
  const marked = mark(context, type, live, way);
  return isGone(marked) ? { removed: true, object: live } : { removed: false, object: marked };
}

/** Writes an object, or removes it where nothing holds it any more. The live one must be what is stored. */
export function writeOrRemove(context: ApiContext, bucket: string, next: KubeObject, live: KubeObject): DeletionOutcome {
  const key = storageKey(live.metadata.namespace, live.metadata.name ?? '');
  const removed = isGone(next);
  const committed = removed ? context.store.remove(bucket, key, live) : context.store.update(bucket, key, next, live);
  if (!committed.ok) throw new Error(`${bucket} ${key} was written between a read and a write of the same turn`);
  return { removed, object: removed ? live : committed.object };
}

/** An object that waits for its deletion goes with its last finalizer. A namespace has finalizers in its spec too. */
export function isGone(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0 || (deletionGracePeriodSeconds ?? 0) > 0) return false;
  const spec = object.spec;
  const held = object.kind === 'Namespace' && isJsonObject(spec) && Array.isArray(spec.finalizers) && spec.finalizers.length > 0;
  return !held;
}

/** The object as its deletion leaves it: with finalizers for its dependents and, the first time, a deletionTimestamp. */
function mark(context: ApiContext, type: ResourceType, live: KubeObject, way: DeletionWay): KubeObject {
  const finalizers = finalizersFor(live, way.propagation);
  const grace = graceOf(type, live, way);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = live.metadata;
  const first = deletionTimestamp === undefined;
  const sooner = !first && grace < deletionGracePeriodSeconds;
  const sameFinalizers = JSON.stringify(finalizers) === JSON.stringify(live.metadata.finalizers ?? []);
  if (!first && !sooner && sameFinalizers) return live;
  if (first && CONTAINERS[type.bucket]) return markContainer(context, type, live, finalizers);
  const { finalizers: _old, ...meta } = live.metadata;
  const when = new Date(context.clock.now().getTime() + grace * 1_000);
  const times = first || sooner ? { deletionTimestamp: timestamp(when), deletionGracePeriodSeconds: grace } : {};
  const generation = type.generation && first ? { generation: (live.metadata.generation ?? 0) + 1 } : {};
  const metadata = { ...meta, ...times, ...generation, ...(finalizers.length > 0 ? { finalizers } : {}) };
  return canonical(versionOf(context.registry, type, live), { ...live, metadata });
}

/** What holds other objects is emptied first, by a controller, so its deletion has a way of its own: a finalizer and a sign in the status. */
const CONTAINERS: Readonly<Record<string, { readonly finalizers: readonly string[]; status(live: unknown, now: string): object }>> = {
  namespaces: { finalizers: [], status: (status) => ({ ...(isJsonObject(status) ? status : {}), phase: 'Terminating' }) },
  'customresourcedefinitions.apiextensions.k8s.io': {
    finalizers: ['customresourcecleanup.apiextensions.k8s.io'],
    status: (status, now) => {
      const conditions = isJsonObject(status) && Array.isArray(status.conditions) ? status.conditions : [];
      const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
      const terminating = { type: 'Terminating', status: 'True', lastTransitionTime: now, reason: 'InstanceDeletionPending', message };
      return { ...(isJsonObject(status) ? status : {}), conditions: [...conditions, terminating] };
    },
  },
};

function markContainer(context: ApiContext, type: ResourceType, live: KubeObject, finalizers: readonly string[]): KubeObject {
  const container = CONTAINERS[type.bucket];
  const now = timestamp(context.clock.now());
  const all = [...new Set([...finalizers, ...(container?.finalizers ?? [])])];
  const metadata = { ...live.metadata, deletionTimestamp: now, ...(all.length > 0 ? { finalizers: all } : {}) };
  return canonical(type, { ...live, metadata, status: container?.status(live.status, now) });
}

/** Objects are stored in the version that they were last written in; the type of the request may be another. */
function versionOf(registry: ApiContext['registry'], type: ResourceType, live: KubeObject): ResourceType {
  return registry.ofKind(live.apiVersion ?? '', live.kind ?? '') ?? type;
}

function finalizersFor(live: KubeObject, propagation: Propagation | undefined): readonly string[] {
  const present = live.metadata.finalizers ?? [];
  if (propagation === undefined) return present;
  const others = present.filter((finalizer) => finalizer !== 'orphan' && finalizer !== 'foregroundDeletion');
  const own = FINALIZER_OF[propagation];
  return own === undefined ? others : [...others, own];
}

function graceOf(type: ResourceType, live: KubeObject, way: DeletionWay): number {
  if (!isGraceful(type)) return 0;
  const spec = live.spec;
  const onNode = isJsonObject(spec) && typeof spec.nodeName === 'string' && spec.nodeName !== '';
  if (!onNode) return 0;
  const own = spec.terminationGracePeriodSeconds;
  return Math.max(0, way.gracePeriodSeconds ?? (typeof own === 'number' ? own : POD_GRACE_SECONDS));
}
