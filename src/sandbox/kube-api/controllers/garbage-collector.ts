import type { KubeObject, OwnerReference } from '../../../kube/core/object.ts';
import type { ApiContext } from '../context.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type { StoreEvent } from '../store/store.ts';
import { deleteLive } from '../verbs/deletion.ts';
import type { Controller } from './controller.ts';
import { controllerWrite } from './controller-write.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** An object by where it is stored. */
interface Place {
  readonly bucket: string;
  readonly key: string;
}

/**
 * Garbage collection by ownerReferences: a dependent whose owners are all gone (or never were) is deleted; an owner deleted in the foreground
 * waits for the dependents that block it; one deleted with Orphan has its references taken out first. An owner of a kind that is not served
 * is taken for living, since nobody can tell.
 */
export function garbageCollector(context: ApiContext): Controller {
  const dependents = new DependentsIndex();
  return {
    name: 'garbage-collector',
    concerns: (event) => {
      dependents.note(event);
      const { uid } = event.object.metadata;
      const own = event.type === 'DELETED' ? [] : needsLook(event.object) ? [placeKey(event)] : [];
      const owned = uid !== undefined && (event.type === 'DELETED' || isWaiting(event.object)) ? dependents.of(uid).map(placeKey) : [];
      const owners = event.type === 'DELETED' || event.before ? ownersWaiting(context, event) : [];
      return [...own, ...owned, ...owners];
    },
    reconcile: (key) => {
      const place = parsePlace(key);
      const object = context.store.get(place.bucket, place.key);
      const type = object ? typeOf(context, object) : undefined;
      if (!object || !type) return;
      const finalizers = object.metadata.finalizers ?? [];
      if (object.metadata.deletionTimestamp !== undefined && finalizers.includes(ORPHAN))
        orphanDependents(context, type, object, dependents);
      else if (object.metadata.deletionTimestamp !== undefined && finalizers.includes(FOREGROUND))
        awaitDependents(context, type, object, dependents);
      else if ((object.metadata.ownerReferences ?? []).length > 0 && object.metadata.deletionTimestamp === undefined)
        collect(context, type, object, dependents);
    },
  };
}

function needsLook(object: KubeObject): boolean {
  return (object.metadata.ownerReferences ?? []).length > 0 || isWaiting(object);
}

/** Whether an owner waits for the collector. */
function isWaiting(object: KubeObject): boolean {
  const { deletionTimestamp, finalizers } = object.metadata;
  return deletionTimestamp !== undefined && (finalizers ?? []).some((finalizer) => finalizer === FOREGROUND || finalizer === ORPHAN);
}

/** The owners that waited for what has just gone or let go of them. */
function ownersWaiting(context: ApiContext, event: StoreEvent): readonly string[] {
  const references = (event.before ?? event.object).metadata.ownerReferences ?? [];
  return references.flatMap((reference) => {
    const owner = findOwner(context, event.object, reference);
    return owner.kind === 'found' && isWaiting(owner.object) ? [placeKey(owner.place)] : [];
  });
}

type Owner =
  | { readonly kind: 'found'; readonly object: KubeObject; readonly place: Place }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' };

/** A cluster-scoped owner is looked for at the cluster scope, any other in the dependent's own namespace. */
function findOwner(context: ApiContext, dependent: KubeObject, reference: OwnerReference): Owner {
  const type = ownerType(context, reference);
  if (!type) return { kind: 'unknown' };
  if (type.namespaced && dependent.metadata.namespace === undefined) return { kind: 'absent' };
  const key = type.namespaced ? `${dependent.metadata.namespace ?? ''}/${reference.name}` : reference.name;
  const object = context.store.get(type.bucket, key);
  return object && object.metadata.uid === reference.uid
    ? { kind: 'found', object, place: { bucket: type.bucket, key } }
    : { kind: 'absent' };
}

/** Any served version of a kind will do: the owner is the same object. */
function ownerType(context: ApiContext, reference: OwnerReference): ResourceType | undefined {
  const group = reference.apiVersion.includes('/') ? reference.apiVersion.slice(0, reference.apiVersion.indexOf('/')) : '';
  return (
    context.registry.ofKind(reference.apiVersion, reference.kind) ??
    context.registry.all().find((type) => type.group === group && type.kind === reference.kind)
  );
}

function typeOf(context: ApiContext, object: KubeObject): ResourceType | undefined {
  return context.registry.ofKind(object.apiVersion ?? '', object.kind ?? '');
}

function collect(context: ApiContext, type: ResourceType, object: KubeObject, dependents: DependentsIndex): void {
  const owners = (object.metadata.ownerReferences ?? []).map((reference) => ({ reference, owner: findOwner(context, object, reference) }));
  const waiting = owners.filter(
    ({ owner, reference }) => owner.kind === 'found' && reference.blockOwnerDeletion === true && inForeground(owner.object),
  );
  const solid = owners.filter(({ owner }) => owner.kind === 'unknown' || (owner.kind === 'found' && !inForeground(owner.object)));
  const dangling = owners.filter(({ owner }) => owner.kind === 'absent');
  if (solid.length > 0) {
    if (dangling.length + waiting.length > 0)
      keepReferences(
        context,
        type,
        object,
        solid.map(({ reference }) => reference),
      );
    return;
  }
  const foundForeground = owners.some(({ owner }) => owner.kind === 'found');
  const hasDependents = object.metadata.uid !== undefined && dependents.of(object.metadata.uid).length > 0;
  deleteLive(context, type, object, {
    gracePeriodSeconds: undefined,
    propagation: foundForeground && hasDependents ? 'Foreground' : 'Background',
  });
}

function inForeground(owner: KubeObject): boolean {
  return owner.metadata.deletionTimestamp !== undefined && (owner.metadata.finalizers ?? []).includes(FOREGROUND);
}

function keepReferences(context: ApiContext, type: ResourceType, object: KubeObject, kept: readonly OwnerReference[]): void {
  const { ownerReferences: _all, ...metadata } = object.metadata;
  const next = { ...object, metadata: kept.length > 0 ? { ...metadata, ownerReferences: kept } : metadata };
  controllerWrite(context, type, { live: object, next });
}

function orphanDependents(context: ApiContext, type: ResourceType, owner: KubeObject, dependents: DependentsIndex): void {
  for (const place of dependents.of(owner.metadata.uid ?? '')) {
    const object = context.store.get(place.bucket, place.key);
    const dependentType = object ? typeOf(context, object) : undefined;
    if (!object || !dependentType) continue;
    const kept = (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner.metadata.uid);
    keepReferences(context, dependentType, object, kept);
  }
  dropFinalizer(context, type, owner, ORPHAN);
}

function awaitDependents(context: ApiContext, type: ResourceType, owner: KubeObject, dependents: DependentsIndex): void {
  let blocked = false;
  for (const place of dependents.of(owner.metadata.uid ?? '')) {
    const object = context.store.get(place.bucket, place.key);
    const dependentType = object ? typeOf(context, object) : undefined;
    if (!object || !dependentType) continue;
    const reference = (object.metadata.ownerReferences ?? []).find(({ uid }) => uid === owner.metadata.uid);
    if (reference?.blockOwnerDeletion === true) blocked = true;
    if (object.metadata.deletionTimestamp === undefined) collect(context, dependentType, object, dependents);
  }
  const stillBlocked =
    blocked && dependents.of(owner.metadata.uid ?? '').some(({ bucket, key }) => context.store.get(bucket, key) !== undefined);
  if (!stillBlocked) dropFinalizer(context, type, owner, FOREGROUND);
}

function dropFinalizer(context: ApiContext, type: ResourceType, owner: KubeObject, finalizer: string): void {
  const { finalizers, ...metadata } = owner.metadata;
  const left = (finalizers ?? []).filter((name) => name !== finalizer);
  const next = { ...owner, metadata: left.length > 0 ? { ...metadata, finalizers: left } : metadata };
  controllerWrite(context, type, { live: owner, next });
}

/** Which objects name an owner, by its uid. */
class DependentsIndex {
  readonly #places = new Map<string, Map<string, Place>>();

  note({ bucket, key, type, object, before }: StoreEvent): void {
    const place = { bucket, key };
    for (const { uid } of before?.metadata.ownerReferences ?? []) this.#places.get(uid)?.delete(placeKey(place));
    if (type === 'DELETED') return;
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const known = this.#places.get(uid) ?? new Map<string, Place>();
      this.#places.set(uid, known.set(placeKey(place), place));
    }
  }

  of(uid: string): readonly Place[] {
    return [...(this.#places.get(uid)?.values() ?? [])];
  }
}

function placeKey({ bucket, key }: Place): string {
  return `${bucket} ${key}`;
}

function parsePlace(text: string): Place {
  const space = text.indexOf(' ');
  return { bucket: text.slice(0, space), key: text.slice(space + 1) };
}
