import type { KubeObject } from '../../kube/core/object.ts';
import type { ObjectRef, ProfileControllerDeps, ProfileStore, RecordStore, TrustPolicyStore } from '../ports.ts';
import { nameOf, type Profile } from '../profile.ts';

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What an apply would come to, near enough for a plan: fields over fields, lists whole. */
function merge(below: unknown, over: unknown): unknown {
  if (!isTree(below) || !isTree(over)) return over;
  return { ...below, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, merge(below[key], value)])) };
}

function keyOfRef(ref: ObjectRef): string {
  return `${ref.resource.plural}/${ref.namespace ?? ''}/${ref.name}`;
}

/** The same world, in which every write happens only here: the ports of a dry run. Events and metrics are dropped, no lease is asked for. */
export function overlayPorts(deps: ProfileControllerDeps): ProfileControllerDeps {
  return {
    ...deps,
    profiles: overlayProfiles(deps.profiles),
    objects: overlayObjects(deps.objects),
    records: overlayRecords(deps.records),
    trustPolicies: overlayTrust(deps.trustPolicies),
    lease: { elected: true, remainingMs: () => Number.POSITIVE_INFINITY, takenOverAt: () => undefined },
    events: { emit: () => undefined },
    metrics: { count: () => undefined, set: () => undefined },
  };
}

function overlayProfiles(store: ProfileStore): ProfileStore {
  const changed = new Map<string, Profile>();
  const over = (profile: Profile): Profile => changed.get(nameOf(profile)) ?? profile;
  const put = (profile: Profile): Profile => {
    changed.set(nameOf(profile), profile);
    return profile;
  };
  return {
    list: () => store.list().map(over),
    get: (name) => {
      const profile = store.get(name);
      return profile === undefined ? undefined : over(profile);
    },
    read: async (name, signal) => {
      const profile = await store.read(name, signal);
      return profile === undefined ? undefined : over(profile);
    },
    readAll: async (signal) => (await store.readAll(signal)).map(over),
    addFinalizer: (profile, finalizer) =>
      Promise.resolve(
        put({ ...profile, metadata: { ...profile.metadata, finalizers: [...(profile.metadata.finalizers ?? []), finalizer] } }),
      ),
    removeFinalizers: (profile, finalizers) => {
      const left = (profile.metadata.finalizers ?? []).filter((name) => !finalizers.includes(name));
      put({ ...profile, metadata: { ...profile.metadata, finalizers: left } });
      return Promise.resolve('removed');
    },
    applyStatus: (profile, status) => Promise.resolve(put({ ...profile, status })),
  };
}

function overlayObjects(objects: ProfileControllerDeps['objects']): ProfileControllerDeps['objects'] {
  const changed = new Map<string, KubeObject | undefined>();
  const get = (ref: ObjectRef): KubeObject | undefined => (changed.has(keyOfRef(ref)) ? changed.get(keyOfRef(ref)) : objects.get(ref));
  let version = 0;
  const put = (ref: ObjectRef, object: KubeObject): KubeObject => {
    version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: `dry-run-${version}` } };
    changed.set(keyOfRef(ref), stored);
    return stored;
  };
  return {
    get,
    serves: (resource) => objects.serves(resource),
    read: (ref, signal) => (changed.has(keyOfRef(ref)) ? Promise.resolve(changed.get(keyOfRef(ref))) : objects.read(ref, signal)),
    apply: (resource, object) => {
      const { name = '', namespace } = object.metadata;
      const ref = { resource, name, ...(namespace === undefined ? {} : { namespace }) };
      return Promise.resolve({ ok: true, object: put(ref, merge(get(ref) ?? {}, object) as KubeObject) });
    },
    delete: (ref) => {
      changed.set(keyOfRef(ref), undefined);
      return Promise.resolve();
    },
    removeEntry: (ref, { map, key, value }) => {
      const object = get(ref);
      if (object?.metadata[map]?.[key] !== value) return Promise.resolve(undefined);
      const { [key]: _removed, ...rest } = object.metadata[map] ?? {};
      return Promise.resolve(put(ref, { ...object, metadata: { ...object.metadata, [map]: rest } }));
    },
  };
}

function overlayRecords(records: RecordStore): RecordStore {
  const changed = new Map<string, KubeObject | undefined>();
  let version = 0;
  return {
    list: (signal) => records.list(signal),
    read: (name, signal) => (changed.has(name) ? Promise.resolve(changed.get(name)) : records.read(name, signal)),
    put: (object) => {
      version += 1;
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: `dry-run-${version}` } };
      changed.set(object.metadata.name ?? '', stored);
      return Promise.resolve({ kind: 'written', object: stored });
    },
    delete: (object) => {
      changed.set(object.metadata.name ?? '', undefined);
      return Promise.resolve('deleted');
    },
  };
}

function overlayTrust(store: TrustPolicyStore): TrustPolicyStore {
  const written = new Map<string, string>();
  return {
    getRole: async (name, signal) => {
      const read = await store.getRole(name, signal);
      const document = written.get(name);
      return read.kind === 'found' && document !== undefined ? { kind: 'found', role: { ...read.role, document } } : read;
    },
    updateTrustPolicy: (name, document) => {
      written.set(name, document);
      return Promise.resolve({ kind: 'applied' });
    },
  };
}
