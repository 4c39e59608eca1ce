import type { KubeObject } from '../../../src/kube/core/object.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import type { SimIam } from './sim-iam.ts';
import type { SimKube } from './sim-kube.ts';

type Tree = Readonly<Record<string, unknown>>;

/** What a world has come to, without what two equal worlds may differ in: versions, uids, dates, and the order of subjects. */
export interface EndState {
  readonly profiles: Readonly<Record<string, unknown>>;
  readonly objects: Readonly<Record<string, unknown>>;
  readonly roles: Readonly<Record<string, unknown>>;
}

export function endState(kube: SimKube, iam: SimIam): EndState {
  return {
    profiles: Object.fromEntries([...kube.profiles].sort(byName).map(([name, profile]) => [name, plainProfile(profile)])),
    objects: Object.fromEntries([...kube.objects].sort(byName).map(([key, { object }]) => [key, plainObject(object)])),
    roles: Object.fromEntries([...iam.roles.keys()].sort().map((name) => [name, plainDocument(iam.document(name) ?? '')])),
  };
}

/**
 * The same without what podrole leaves behind on purpose: its finalizer on a profile that once had a grant, until that is deleted, and a
 * service account that a plugin named once, which carries nothing of ours any more and may have pods.
 */
export function withoutRemains(state: EndState): EndState {
  const profiles = Object.entries(state.profiles).map(([name, profile]) => [name, { ...(profile as Tree), finalizers: undefined }]);
  const bare = (key: string, object: unknown): boolean =>
    key.startsWith('serviceaccounts/') &&
    (object as { readonly metadata: Tree }).metadata.annotations === undefined &&
    !/default-(editor|viewer)$/.test(key);
  const objects = Object.entries(state.objects).filter(([key, object]) => !bare(key, object));
  return { ...state, profiles: Object.fromEntries(profiles) as Tree, objects: Object.fromEntries(objects) };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function plainProfile({ spec, status, metadata }: Profile): unknown {
  return {
    spec,
    finalizers: metadata.finalizers ?? [],
    deleting: metadata.deletionTimestamp !== undefined,
    conditions: (status?.conditions ?? []).map(({ type, status: is, reason, message }) => ({ type, is, reason, message })),
    roles: status?.roles ?? [],
  };
}

function plainObject(object: KubeObject): unknown {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _date,
    managedFields: _fields,
    ownerReferences,
    ...metadata
  } = object.metadata;
  const owners = (ownerReferences ?? []).map(({ kind, name }) => ({ kind, name }));
  // Maps that hold nothing are no difference.
  const kept = Object.fromEntries(Object.entries(metadata).filter(([, value]) => !isEmpty(value)));
  return { ...object, metadata: { ...kept, owners } };
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function plainDocument(document: string): unknown {
  return JSON.parse(document, (_key, value: unknown) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string') ? [...(value as string[])].sort() : value,
  ) as Tree;
}
