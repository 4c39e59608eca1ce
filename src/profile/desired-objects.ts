import { annotationKeys } from '../identity/annotations.ts';
import type { KubeObject, OwnerReference } from '../kube/core/object.ts';
import { apiVersionOf, type Resource, resources } from '../kube/core/resource.ts';
import { authorizationPolicy, type IstioOptions } from './internal/authorization-policy.ts';
import { mergeLabels, type NamespaceLabels } from './namespace-labels.ts';
import { nameOf, type OwnerSubject, type Profile } from './profile.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const VIEWER = 'default-viewer';
const EDITOR = 'default-editor';
/** The quota that a profile's `resourceQuotaSpec` becomes. */
export const QUOTA_NAME = 'kf-resource-quota';

/** An object as it shall be, with where it lives. */
export interface DesiredObject {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** Whether a namespace belongs to the owner of a profile: upstream's rule, the annotation `owner`. */
export function isOwnedBy(namespace: KubeObject, profile: Profile): boolean {
  return namespace.metadata.annotations?.owner === profile.spec?.owner?.name;
}

/** Whether the garbage collector will remove `object` with the profile. */
export function isCollectedWith(object: KubeObject, profile: Profile): boolean {
  return (object.metadata.ownerReferences ?? []).some((reference) => reference.uid === profile.metadata.uid);
}

function ownerReference(profile: Profile): OwnerReference {
  return {
    apiVersion: apiVersionOf(resources.profiles),
    kind: resources.profiles.kind,
    name: nameOf(profile),
    uid: profile.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

function make(resource: Resource, metadata: KubeObject['metadata'], body: Readonly<Record<string, unknown>> = {}): DesiredObject {
  return { resource, object: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...body } };
}

/** The reference of `live` to this profile in either served version, so that what upstream made is not written again. */
function referenceOn(live: KubeObject | undefined, profile: Profile): OwnerReference {
  return (live?.metadata.ownerReferences ?? []).find((reference) => reference.uid === profile.metadata.uid) ?? ownerReference(profile);
}

/**
 * The profile's namespace. A namespace that exists without a reference to the profile was there before it: it is used, and outlives the profile.
 * Default labels never overwrite what is there; keys with an empty default are left out, so that server-side apply gives them up.
 */
export function desiredNamespace(profile: Profile, live: KubeObject | undefined, labels: NamespaceLabels): DesiredObject {
  const own: Record<string, string> = { 'istio-injection': live?.metadata.labels?.['istio-injection'] ?? 'enabled' };
  const merged = mergeLabels(own, labels);
  const kept = Object.fromEntries(Object.entries(merged).map(([key, value]) => [key, live?.metadata.labels?.[key] ?? value]));
  const adopted = live !== undefined && !isCollectedWith(live, profile);
  return make(resources.namespaces, {
    name: nameOf(profile),
    annotations: { owner: profile.spec?.owner?.name ?? '' },
    labels: kept,
    ...(adopted ? {} : { ownerReferences: [referenceOn(live, profile)] }),
  });
}

/** Labels that the file orders to remove and the live namespace still has; whoever set them. */
export function labelsToRemove(live: KubeObject | undefined, labels: NamespaceLabels): readonly string[] {
  const present = live?.metadata.labels ?? {};
  return [...labels].filter(([key, value]) => value === '' && Object.hasOwn(present, key)).map(([key]) => key);
}

/** One service account; `role` is its role annotation, absent when it shall have none from us. */
export function desiredServiceAccount(
  profile: Profile,
  name: string,
  role: string | undefined,
  live: KubeObject | undefined,
): DesiredObject {
  const upstreams = name === EDITOR || name === VIEWER;
  return make(resources.serviceAccounts, {
    name,
    namespace: nameOf(profile),
    ...(role === undefined ? {} : { annotations: { [annotationKeys().roleArn]: role } }),
    // A service account that a profile only names (`default`, a team’s own) is not the profile’s to remove.
    ...(upstreams ? { ownerReferences: [referenceOn(live, profile)] } : {}),
  });
}

function roleBinding(
  profile: Profile,
  name: string,
  clusterRole: string,
  body: { subject: OwnerSubject; annotations?: Record<string, string>; live: KubeObject | undefined },
): DesiredObject {
  const { subject, annotations, live } = body;
  const metadata = {
    name,
    namespace: nameOf(profile),
    ...(annotations === undefined ? {} : { annotations }),
    ownerReferences: [referenceOn(live, profile)],
  };
  return make(resources.roleBindings, metadata, {
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: clusterRole },
    subjects: [subject],
  });
}

/** The owner as the API server stores a subject: the RBAC group is defaulted, so that nothing differs afterwards. */
function ownerSubject(owner: OwnerSubject): OwnerSubject {
  return owner.kind === 'ServiceAccount' || owner.apiGroup !== undefined ? owner : { ...owner, apiGroup: RBAC_GROUP };
}

/** Who may do what in the namespace: upstream's three role bindings, names and annotations included (kfam reads them). */
export function desiredRoleBindings(profile: Profile, find: (name: string) => KubeObject | undefined): readonly DesiredObject[] {
  const namespace = nameOf(profile);
  const owner = profile.spec?.owner ?? {};
  const account = (name: string): OwnerSubject => ({ kind: 'ServiceAccount', name, namespace });
  return [
    roleBinding(profile, EDITOR, 'kubeflow-edit', { subject: account(EDITOR), live: find(EDITOR) }),
    roleBinding(profile, VIEWER, 'kubeflow-view', { subject: account(VIEWER), live: find(VIEWER) }),
    roleBinding(profile, 'namespaceAdmin', 'kubeflow-admin', {
      subject: ownerSubject(owner),
      annotations: { user: owner.name ?? '', role: 'admin' },
      live: find('namespaceAdmin'),
    }),
  ];
}

/** Upstream's AuthorizationPolicy, for clusters that have Istio. */
export function desiredAuthorizationPolicy(profile: Profile, options: IstioOptions, live: KubeObject | undefined): DesiredObject {
  const { name, annotations, spec } = authorizationPolicy(nameOf(profile), profile.spec?.owner?.name ?? '', options);
  return make(
    resources.authorizationPolicies,
    { name, namespace: nameOf(profile), annotations, ownerReferences: [referenceOn(live, profile)] },
    { spec },
  );
}

/** The quota, when `resourceQuotaSpec.hard` names anything; `undefined` means there shall be none of ours. */
export function desiredQuota(profile: Profile, live: KubeObject | undefined): DesiredObject | undefined {
  const spec = profile.spec?.resourceQuotaSpec;
  if (spec?.hard === undefined || Object.keys(spec.hard).length === 0) return undefined;
  const hard = Object.fromEntries(Object.entries(spec.hard).map(([key, value]) => [key, String(value)]));
  return make(
    resources.resourceQuotas,
    { name: QUOTA_NAME, namespace: nameOf(profile), ownerReferences: [referenceOn(live, profile)] },
    { spec: { ...spec, hard } },
  );
}

/** The service accounts that every profile gets. */
export const PROFILE_SERVICE_ACCOUNTS: readonly string[] = [EDITOR, VIEWER];
