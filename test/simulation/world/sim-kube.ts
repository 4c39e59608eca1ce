import type { KubeObject, ManagedFieldsEntry } from '../../../src/kube/core/object.ts';
import { type Resource, resources } from '../../../src/kube/core/resource.ts';
import type { ObjectRef } from '../../../src/profile/ports.ts';
import type { Profile, ProfileStatus } from '../../../src/profile/profile.ts';
import type { Scheduler } from './scheduler.ts';

type Tree = Record<string, unknown>;

/** What changed, for the caches. */
export type KubeChange =
  | { readonly kind: 'profile'; readonly name: string; readonly object: Profile | undefined }
  | { readonly kind: 'object'; readonly ref: ObjectRef; readonly object: KubeObject | undefined };

export function refKey(ref: ObjectRef): string {
  return `${ref.resource.plural}/${ref.namespace ?? ''}/${ref.name}`;
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function leaves(tree: Tree, path: readonly string[] = []): string[][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    isTree(value) && Object.keys(value).length > 0 ? leaves(value, [...path, key]) : [[...path, key]],
  );
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), tree);
}

function withValue(tree: Tree, path: readonly string[], value: unknown): Tree {
  const [head, ...rest] = path;
  if (head === undefined) return tree;
  const copy: Tree = { ...tree };
  if (rest.length > 0) {
    const below = withValue(isTree(copy[head]) ? (copy[head] as Tree) : {}, rest, value);
    if (Object.keys(below).length === 0) delete copy[head];
    else copy[head] = below;
  } else if (value === undefined) delete copy[head];
  else copy[head] = value;
  return copy;
}

/** The API server's truth about profiles, the objects of their namespaces, and records. Everything is immediate; delays and faults are the process's. */
export class SimKube {
  readonly #scheduler: Scheduler;
  readonly profiles = new Map<string, Profile>();
  readonly objects = new Map<string, { ref: ObjectRef; object: KubeObject; manager: Map<string, string[][]> }>();
  readonly records = new Map<string, KubeObject>();
  readonly listeners = new Set<(change: KubeChange) => void>();
  /** Namespaces that were there before any profile, and belong to somebody else. */
  readonly foreign = new Set<string>();
  readonly #history: { readonly at: number; readonly name: string; readonly before: Profile | undefined }[] = [];
  /** How often each object, record or profile was made and deleted. */
  readonly made = new Map<string, number>();
  readonly unmade = new Map<string, number>();
  /** While the API server is away, until this virtual time. */
  awayUntil = 0;
  #version = 100;
  #uid = 0;
  writes = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  #count(counts: Map<string, number>, key: string): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  #next(): string {
    this.writes += 1;
    this.#version += 1;
    return String(this.#version);
  }

  #date(): string {
    return `${new Date(Date.UTC(2026, 0, 1) + this.#scheduler.now).toISOString().slice(0, 19)}Z`;
  }

  #putProfile(profile: Profile): Profile {
    const name = profile.metadata.name ?? '';
    const stored = { ...profile, metadata: { ...profile.metadata, resourceVersion: this.#next() } };
    this.#history.push({ at: this.#scheduler.now, name, before: this.profiles.get(name) });
    if (stored.metadata.deletionTimestamp !== undefined && (stored.metadata.finalizers ?? []).length === 0) {
      this.profiles.delete(name);
      this.#count(this.unmade, `profiles/${name}`);
      this.#tell({ kind: 'profile', name, object: undefined });
      this.#collect(stored.metadata.uid ?? '');
    } else {
      this.profiles.set(name, stored);
      this.#tell({ kind: 'profile', name, object: stored });
    }
    return stored;
  }

  /** The profiles as they were `agoMs` ago: a list that an API server answers from its watch cache. */
  profilesAgo(agoMs: number): ReadonlyMap<string, Profile> {
    const then = new Map(this.profiles);
    for (let index = this.#history.length - 1; index >= 0; index -= 1) {
      const change = this.#history[index];
      if (change === undefined || change.at < this.#scheduler.now - agoMs) break;
      if (change.before === undefined) then.delete(change.name);
      else then.set(change.name, change.before);
    }
    return then;
  }

  /** A namespace of somebody else, with a service account in it. */
  makeForeignNamespace(name: string): void {
    this.foreign.add(name);
    const owner = { annotations: { owner: 'somebody@else.example' } };
    this.apply(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...owner } }, 'kubectl');
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default-editor', namespace: name } };
    this.apply(resources.serviceAccounts, account, 'kubectl');
  }

  #tell(change: KubeChange): void {
    for (const listener of this.listeners) listener(change);
  }

  /** The garbage collector: a namespace owned by a profile that is gone goes, with all in it. */
  #collect(uid: string): void {
    this.#scheduler.at(1_000, 'gc', () => {
      for (const [key, { ref, object }] of [...this.objects]) {
        if ((object.metadata.ownerReferences ?? []).some((reference) => reference.uid === uid)) {
          this.objects.delete(key);
          this.#tell({ kind: 'object', ref, object: undefined });
          if (ref.resource.plural === 'namespaces') this.removeNamespace(ref.name);
        }
      }
    });
  }

  removeNamespace(name: string): void {
    for (const [key, { ref }] of [...this.objects]) {
      const inside = ref.namespace === name || (ref.resource.plural === 'namespaces' && ref.name === name);
      if (!inside) continue;
      this.objects.delete(key);
      this.#tell({ kind: 'object', ref, object: undefined });
    }
  }

  createProfile(name: string, spec: Profile['spec'], finalizers?: readonly string[]): void {
    if (this.profiles.has(name)) return;
    this.#uid += 1;
    const metadata = {
      name,
      uid: `uid-${this.#uid}`,
      generation: 1,
      creationTimestamp: this.#date(),
      ...(finalizers === undefined ? {} : { finalizers }),
    };
    this.#putProfile({ apiVersion: 'kubeflow.org/v1', kind: 'Profile', metadata, ...(spec === undefined ? {} : { spec }) });
  }

  editProfile(name: string, edit: (spec: NonNullable<Profile['spec']>) => NonNullable<Profile['spec']>): void {
    const profile = this.profiles.get(name);
    if (profile === undefined) return;
    const metadata = { ...profile.metadata, generation: (profile.metadata.generation ?? 0) + 1 };
    this.#putProfile({ ...profile, metadata, spec: edit(profile.spec ?? {}) });
  }

  annotateProfile(name: string, annotations: Readonly<Record<string, string>>): void {
    const profile = this.profiles.get(name);
    if (profile !== undefined) this.#putProfile({ ...profile, metadata: { ...profile.metadata, annotations } });
  }

  deleteProfile(name: string): void {
    const profile = this.profiles.get(name);
    if (profile === undefined || profile.metadata.deletionTimestamp !== undefined) return;
    this.#putProfile({ ...profile, metadata: { ...profile.metadata, deletionTimestamp: this.#date() } });
  }

  /** Somebody strips every finalizer by hand. */
  forceProfile(name: string): void {
    const profile = this.profiles.get(name);
    if (profile !== undefined) this.#putProfile({ ...profile, metadata: { ...profile.metadata, finalizers: [] } });
  }

  #same(profile: Profile): Profile | undefined {
    const stored = this.profiles.get(profile.metadata.name ?? '');
    return stored?.metadata.uid === profile.metadata.uid && stored?.metadata.resourceVersion === profile.metadata.resourceVersion
      ? stored
      : undefined;
  }

  addFinalizer(profile: Profile, finalizer: string): Profile | undefined {
    const stored = this.#same(profile);
    if (stored === undefined || stored.metadata.deletionTimestamp !== undefined) return undefined;
    return this.#putProfile({
      ...stored,
      metadata: { ...stored.metadata, finalizers: [...(stored.metadata.finalizers ?? []), finalizer] },
    });
  }

  removeFinalizers(profile: Profile, finalizers: readonly string[]): 'removed' | 'conflict' | 'gone' {
    const stored = this.#same(profile);
    if (stored === undefined) return this.profiles.has(profile.metadata.name ?? '') ? 'conflict' : 'gone';
    const left = (stored.metadata.finalizers ?? []).filter((one) => !finalizers.includes(one));
    this.#putProfile({ ...stored, metadata: { ...stored.metadata, finalizers: left } });
    return 'removed';
  }

  applyStatus(profile: Profile, status: ProfileStatus): Profile | undefined {
    const stored = this.profiles.get(profile.metadata.name ?? '');
    if (stored === undefined || stored.metadata.resourceVersion !== profile.metadata.resourceVersion) return undefined;
    if (JSON.stringify(stored.status) === JSON.stringify(status)) return stored;
    return this.#putProfile({ ...stored, status });
  }

  /** Server-side apply, forced: fields of this manager that are no longer applied go, unless another manager has them too. */
  apply(resource: Resource, applied: KubeObject, manager: string): KubeObject {
    const { name = '', namespace } = applied.metadata;
    const ref: ObjectRef = { resource, name, ...(namespace === undefined ? {} : { namespace }) };
    const known = this.objects.get(refKey(ref));
    const { apiVersion: _v, kind: _k, metadata, ...body } = applied;
    const { name: _n, namespace: _ns, ...meta } = metadata;
    // Metadata as such belongs to nobody: without fields of its own nothing of it is applied.
    const wanted = leaves({ ...(Object.keys(meta).length > 0 ? { metadata: meta } : {}), ...body });
    let tree: Tree = (known?.object as Tree | undefined) ?? {
      apiVersion: applied.apiVersion,
      kind: applied.kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid: `uid-${++this.#uid}`, creationTimestamp: this.#date() },
    };
    const managers = new Map(known?.manager ?? []);
    for (const path of managers.get(manager) ?? []) {
      const shared = [...managers].some(([other, paths]) => other !== manager && paths.some((one) => one.join('/') === path.join('/')));
      if (!shared && !wanted.some((one) => one.join('/') === path.join('/'))) tree = withValue(tree, path, undefined);
    }
    for (const path of wanted) tree = withValue(tree, path, valueAt(applied, path));
    managers.set(manager, wanted);
    return this.#putObject(ref, tree as unknown as KubeObject, managers);
  }

  /** Somebody else sets fields. */
  edit(ref: ObjectRef, path: readonly string[], value: unknown): KubeObject | undefined {
    const known = this.objects.get(refKey(ref));
    if (known === undefined) return undefined;
    return this.#putObject(ref, withValue(known.object as Tree, path, value) as unknown as KubeObject, new Map(known.manager));
  }

  #putObject(ref: ObjectRef, object: KubeObject, managers: Map<string, string[][]>): KubeObject {
    const known = this.objects.get(refKey(ref));
    const managedFields: ManagedFieldsEntry[] = [...managers].map(([manager, paths]) => ({
      manager,
      operation: 'Apply',
      fieldsV1: fieldsOf(paths),
    }));
    const next = { ...object, metadata: { ...object.metadata, managedFields } };
    if (
      known !== undefined &&
      JSON.stringify({ ...next, metadata: { ...next.metadata, resourceVersion: '' } }) ===
        JSON.stringify({ ...known.object, metadata: { ...known.object.metadata, resourceVersion: '' } })
    )
      return known.object;
    const stored = { ...next, metadata: { ...next.metadata, resourceVersion: this.#next() } };
    if (known === undefined) this.#count(this.made, refKey(ref));
    this.objects.set(refKey(ref), { ref, object: stored, manager: managers });
    this.#tell({ kind: 'object', ref, object: stored });
    return stored;
  }

  delete(ref: ObjectRef): void {
    if (!this.objects.delete(refKey(ref))) return;
    this.#count(this.unmade, refKey(ref));
    this.#next();
    this.#tell({ kind: 'object', ref, object: undefined });
  }

  putRecord(object: KubeObject): { readonly kind: 'written'; readonly object: KubeObject } | { readonly kind: 'conflict' } {
    const name = object.metadata.name ?? '';
    const known = this.records.get(name);
    if (known?.metadata.resourceVersion !== object.metadata.resourceVersion) return { kind: 'conflict' };
    const stored = {
      ...object,
      metadata: { ...object.metadata, uid: known?.metadata.uid ?? `uid-${++this.#uid}`, resourceVersion: this.#next() },
    };
    if (known === undefined) this.#count(this.made, `records/${name}`);
    this.records.set(name, stored);
    return { kind: 'written', object: stored };
  }

  deleteRecord(object: KubeObject): 'deleted' | 'conflict' {
    const name = object.metadata.name ?? '';
    if (this.records.get(name)?.metadata.resourceVersion !== object.metadata.resourceVersion) return 'conflict';
    this.records.delete(name);
    this.#count(this.unmade, `records/${name}`);
    this.#next();
    return 'deleted';
  }
}

function fieldsOf(paths: readonly string[][]): Tree {
  let tree: Tree = {};
  for (const path of paths)
    tree = withValue(
      tree,
      path.map((key) => `f:${key}`),
      { '.': {} },
    );
  return tree;
}
