import type { ResourceType, Verb } from './resource-type.ts';

const ALL: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const NO_COLLECTION: readonly Verb[] = ALL.filter((verb) => verb !== 'deletecollection');
const CREATE: readonly Verb[] = ['create'];

interface Row {
  readonly plural: string;
  readonly kind: string;
  readonly singular?: string;
  readonly type: string;
  readonly cluster?: true;
  readonly short?: readonly string[];
  readonly categories?: readonly string[];
  readonly verbs?: readonly Verb[];
  readonly subresources?: readonly string[];
  readonly bucket?: string;
  readonly generation?: true;
  readonly conditionalUpdate?: true;
  readonly createOnUpdate?: true;
  readonly returnsDeleted?: true;
}

const EXTENSIONS = { cluster: true, categories: ['api-extensions'], generation: true, conditionalUpdate: true } as const;
const WORKLOAD = { categories: ['all'], subresources: ['scale', 'status'], generation: true } as const;

/** The built-in resources that this server stores, by group and version. Workloads, budgets and network policies are stored only: nobody acts on them. */
const rows: Readonly<Record<string, readonly Row[]>> = {
  v1: [
    { plural: 'configmaps', kind: 'ConfigMap', type: 'core.v1.ConfigMap', short: ['cm'] },
    { plural: 'endpoints', singular: 'endpoints', kind: 'Endpoints', type: 'core.v1.Endpoints', short: ['ep'], createOnUpdate: true },
    { plural: 'events', kind: 'Event', type: 'core.v1.Event', short: ['ev'], createOnUpdate: true },
    {
      plural: 'namespaces',
      kind: 'Namespace',
      type: 'core.v1.Namespace',
      cluster: true,
      short: ['ns'],
      verbs: NO_COLLECTION,
      subresources: ['finalize', 'status'],
      returnsDeleted: true,
    },
    { plural: 'nodes', kind: 'Node', type: 'core.v1.Node', cluster: true, short: ['no'], subresources: ['status'] },
    {
      plural: 'pods',
      kind: 'Pod',
      type: 'core.v1.Pod',
      short: ['po'],
      categories: ['all'],
      subresources: ['binding', 'eviction', 'status'],
      generation: true,
      returnsDeleted: true,
    },
    {
      plural: 'resourcequotas',
      kind: 'ResourceQuota',
      type: 'core.v1.ResourceQuota',
      short: ['quota'],
      subresources: ['status'],
      returnsDeleted: true,
    },
    { plural: 'secrets', kind: 'Secret', type: 'core.v1.Secret' },
    {
      plural: 'serviceaccounts',
      kind: 'ServiceAccount',
      type: 'core.v1.ServiceAccount',
      short: ['sa'],
      subresources: ['token'],
      returnsDeleted: true,
    },
    {
      plural: 'services',
      kind: 'Service',
      type: 'core.v1.Service',
      short: ['svc'],
      categories: ['all'],
      subresources: ['status'],
      returnsDeleted: true,
    },
  ],
  'apps/v1': [
    { plural: 'deployments', kind: 'Deployment', type: 'apps.v1.Deployment', short: ['deploy'], ...WORKLOAD },
    { plural: 'replicasets', kind: 'ReplicaSet', type: 'apps.v1.ReplicaSet', short: ['rs'], ...WORKLOAD },
  ],
  'events.k8s.io/v1': [{ plural: 'events', kind: 'Event', type: 'events.v1.Event', short: ['ev'], bucket: 'events', createOnUpdate: true }],
  'authentication.k8s.io/v1': [
    { plural: 'selfsubjectreviews', kind: 'SelfSubjectReview', type: 'authentication.v1.SelfSubjectReview', cluster: true, verbs: CREATE },
    { plural: 'tokenreviews', kind: 'TokenReview', type: 'authentication.v1.TokenReview', cluster: true, verbs: CREATE },
  ],
  'authorization.k8s.io/v1': [
    {
      plural: 'localsubjectaccessreviews',
      kind: 'LocalSubjectAccessReview',
      type: 'authorization.v1.LocalSubjectAccessReview',
      verbs: CREATE,
    },
    {
      plural: 'selfsubjectaccessreviews',
      kind: 'SelfSubjectAccessReview',
      type: 'authorization.v1.SelfSubjectAccessReview',
      cluster: true,
      verbs: CREATE,
    },
    {
      plural: 'selfsubjectrulesreviews',
      kind: 'SelfSubjectRulesReview',
      type: 'authorization.v1.SelfSubjectRulesReview',
      cluster: true,
      verbs: CREATE,
    },
    {
      plural: 'subjectaccessreviews',
      kind: 'SubjectAccessReview',
      type: 'authorization.v1.SubjectAccessReview',
      cluster: true,
      verbs: CREATE,
    },
  ],
  'networking.k8s.io/v1': [
    { plural: 'networkpolicies', kind: 'NetworkPolicy', type: 'networking.v1.NetworkPolicy', short: ['netpol'], generation: true },
  ],
  'policy/v1': [
    {
      plural: 'poddisruptionbudgets',
      kind: 'PodDisruptionBudget',
      type: 'policy.v1.PodDisruptionBudget',
      short: ['pdb'],
      subresources: ['status'],
      generation: true,
      conditionalUpdate: true,
    },
  ],
  'rbac.authorization.k8s.io/v1': [
    { plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', type: 'rbac.v1.ClusterRoleBinding', cluster: true, createOnUpdate: true },
    { plural: 'clusterroles', kind: 'ClusterRole', type: 'rbac.v1.ClusterRole', cluster: true, createOnUpdate: true },
    { plural: 'rolebindings', kind: 'RoleBinding', type: 'rbac.v1.RoleBinding', createOnUpdate: true },
    { plural: 'roles', kind: 'Role', type: 'rbac.v1.Role', createOnUpdate: true },
  ],
  'admissionregistration.k8s.io/v1': [
    {
      plural: 'mutatingwebhookconfigurations',
      kind: 'MutatingWebhookConfiguration',
      type: 'admissionregistration.v1.MutatingWebhookConfiguration',
      ...EXTENSIONS,
    },
    {
      plural: 'validatingwebhookconfigurations',
      kind: 'ValidatingWebhookConfiguration',
      type: 'admissionregistration.v1.ValidatingWebhookConfiguration',
      ...EXTENSIONS,
    },
  ],
  'apiextensions.k8s.io/v1': [
    {
      plural: 'customresourcedefinitions',
      kind: 'CustomResourceDefinition',
      type: 'apiextensions.v1.CustomResourceDefinition',
      short: ['crd', 'crds'],
      subresources: ['status'],
      ...EXTENSIONS,
    },
  ],
  'coordination.k8s.io/v1': [
    { plural: 'leases', kind: 'Lease', type: 'coordination.v1.Lease', conditionalUpdate: true, createOnUpdate: true },
  ],
  'discovery.k8s.io/v1': [{ plural: 'endpointslices', kind: 'EndpointSlice', type: 'discovery.v1.EndpointSlice', generation: true }],
};

function toType(groupVersion: string, row: Row): ResourceType {
  const slash = groupVersion.indexOf('/');
  const group = slash < 0 ? '' : groupVersion.slice(0, slash);
  return {
    group,
    version: groupVersion.slice(slash + 1),
    plural: row.plural,
    singular: row.singular ?? row.kind.toLowerCase(),
    kind: row.kind,
    listKind: `${row.kind}List`,
    namespaced: row.cluster !== true,
    shortNames: row.short ?? [],
    categories: row.categories ?? [],
    verbs: row.verbs ?? ALL,
    subresources: row.subresources ?? [],
    bucket: row.bucket ?? (group === '' ? row.plural : `${row.plural}.${group}`),
    body: { kind: 'built-in', typeName: row.type },
    generation: row.generation === true,
    unconditionalUpdate: row.conditionalUpdate !== true,
    createOnUpdate: row.createOnUpdate === true,
    returnsDeleted: row.returnsDeleted === true,
  };
}

/** Every built-in resource type. */
export const builtInResources: readonly ResourceType[] = Object.entries(rows).flatMap(([groupVersion, list]) =>
  list.map((row) => toType(groupVersion, row)),
);
