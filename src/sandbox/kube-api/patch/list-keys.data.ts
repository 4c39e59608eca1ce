import type { JsonObject } from '../../../base/json.ts';
import type { PatchRule } from './list-keys.ts';

/** The rule of one member: only members that are not plain scalars, plain structs or replaced lists need one. */
export type MemberRule =
  | { readonly kind: 'struct'; readonly of: TypeName; readonly patch?: PatchRule }
  | { readonly kind: 'map' | 'set' | 'atomic'; readonly of?: TypeName; readonly patch?: PatchRule }
  | {
      readonly kind: 'list';
      readonly keys: readonly string[];
      readonly defaults?: JsonObject;
      readonly of?: TypeName;
      readonly patch?: PatchRule;
    };

export type TypeName =
  | 'AnyObject'
  | 'ObjectMeta'
  | 'Namespace'
  | 'NamespaceStatus'
  | 'ServiceAccount'
  | 'ConfigMap'
  | 'Secret'
  | 'Event'
  | 'EventsEvent'
  | 'Pod'
  | 'PodSpec'
  | 'PodStatus'
  | 'PodTemplateSpec'
  | 'Container'
  | 'EnvVar'
  | 'EnvVarSource'
  | 'ResourceRequirements'
  | 'Volume'
  | 'CsiVolumeSource'
  | 'EphemeralVolumeSource'
  | 'ClaimTemplate'
  | 'ClaimSpec'
  | 'Affinity'
  | 'NodeAffinity'
  | 'TopologySpreadConstraint'
  | 'Node'
  | 'NodeSpec'
  | 'NodeStatus'
  | 'Service'
  | 'ServiceSpec'
  | 'ConditionsStatus'
  | 'ResourceQuota'
  | 'ResourceQuotaSpec'
  | 'ResourceQuotaStatus'
  | 'RoleBinding'
  | 'Deployment'
  | 'DeploymentSpec'
  | 'ReplicaSet'
  | 'ReplicaSetSpec'
  | 'WebhookConfiguration'
  | 'Webhook'
  | 'CustomResourceDefinition'
  | 'CustomResourceDefinitionStatus';

const struct = (of: TypeName): MemberRule => ({ kind: 'struct', of });
const map: MemberRule = { kind: 'map' };
const atomic: MemberRule = { kind: 'atomic' };
const mergedSet: MemberRule = { kind: 'set', patch: { merge: true } };

/** A list keyed by one member for ownership and for strategic merge alike. */
const keyed = (key: string, of?: TypeName): MemberRule => ({
  kind: 'list',
  keys: [key],
  ...(of === undefined ? {} : { of }),
  patch: { merge: true, mergeKey: key },
});

/** As `keyed`; and a patch may say which members of an item survive. */
const retained = (key: string, of?: TypeName): MemberRule => ({
  kind: 'list',
  keys: [key],
  ...(of === undefined ? {} : { of }),
  patch: { merge: true, mergeKey: key, retainKeys: true },
});

/** `k8s.io/api` v1.36: `+listType`, `+listMapKey`, `+structType`, `patchStrategy` and `patchMergeKey` of the kinds served. */
export const typeRules: Readonly<Record<TypeName, Readonly<Record<string, MemberRule>>>> = {
  AnyObject: { metadata: struct('ObjectMeta') },
  ObjectMeta: { labels: map, annotations: map, finalizers: mergedSet, ownerReferences: keyed('uid') },
  Namespace: { metadata: struct('ObjectMeta'), status: struct('NamespaceStatus') },
  NamespaceStatus: { conditions: keyed('type') },
  ServiceAccount: { metadata: struct('ObjectMeta'), secrets: keyed('name') },
  ConfigMap: { metadata: struct('ObjectMeta'), data: map, binaryData: map },
  Secret: { metadata: struct('ObjectMeta'), data: map, stringData: map },
  Event: { metadata: struct('ObjectMeta'), involvedObject: atomic, related: atomic },
  EventsEvent: { metadata: struct('ObjectMeta'), regarding: atomic, related: atomic },
  Pod: { metadata: struct('ObjectMeta'), spec: struct('PodSpec'), status: struct('PodStatus') },
  PodSpec: {
    affinity: struct('Affinity'),
    containers: keyed('name', 'Container'),
    initContainers: keyed('name', 'Container'),
    ephemeralContainers: keyed('name', 'Container'),
    hostAliases: keyed('ip'),
    imagePullSecrets: { kind: 'list', keys: ['name'], defaults: { name: '' }, patch: { merge: true, mergeKey: 'name' } },
    nodeSelector: atomic,
    overhead: map,
    resourceClaims: retained('name'),
    resources: struct('ResourceRequirements'),
    schedulingGates: keyed('name'),
    topologySpreadConstraints: {
      kind: 'list',
      keys: ['topologyKey', 'whenUnsatisfiable'],
      of: 'TopologySpreadConstraint',
      patch: { merge: true, mergeKey: 'topologyKey' },
    },
    volumes: retained('name', 'Volume'),
  },
  PodStatus: {
    allocatedResources: map,
    conditions: keyed('type'),
    hostIPs: { kind: 'atomic', patch: { merge: true, mergeKey: 'ip' } },
    podIPs: keyed('ip'),
    resourceClaimStatuses: retained('name'),
    resources: struct('ResourceRequirements'),
  },
  PodTemplateSpec: { metadata: struct('ObjectMeta'), spec: struct('PodSpec') },
  Container: {
    env: keyed('name', 'EnvVar'),
    ports: {
      kind: 'list',
      keys: ['containerPort', 'protocol'],
      defaults: { protocol: 'TCP' },
      patch: { merge: true, mergeKey: 'containerPort' },
    },
    resources: struct('ResourceRequirements'),
    volumeDevices: keyed('devicePath'),
    volumeMounts: keyed('mountPath'),
  },
  EnvVar: { valueFrom: struct('EnvVarSource') },
  EnvVarSource: { configMapKeyRef: atomic, fieldRef: atomic, fileKeyRef: atomic, resourceFieldRef: atomic, secretKeyRef: atomic },
  ResourceRequirements: { claims: { kind: 'list', keys: ['name'] }, limits: map, requests: map },
  Volume: { csi: struct('CsiVolumeSource'), ephemeral: struct('EphemeralVolumeSource') },
  CsiVolumeSource: { nodePublishSecretRef: atomic, volumeAttributes: map },
  EphemeralVolumeSource: { volumeClaimTemplate: struct('ClaimTemplate') },
  ClaimTemplate: { metadata: struct('ObjectMeta'), spec: struct('ClaimSpec') },
  ClaimSpec: { dataSource: atomic, resources: struct('ResourceRequirements'), selector: atomic },
  Affinity: { nodeAffinity: struct('NodeAffinity') },
  NodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: atomic },
  TopologySpreadConstraint: { labelSelector: atomic },
  Node: { metadata: struct('ObjectMeta'), spec: struct('NodeSpec'), status: struct('NodeStatus') },
  NodeSpec: { podCIDRs: mergedSet },
  NodeStatus: { addresses: keyed('type'), allocatable: map, capacity: map, conditions: keyed('type') },
  Service: { metadata: struct('ObjectMeta'), spec: struct('ServiceSpec'), status: struct('ConditionsStatus') },
  ServiceSpec: {
    ports: { kind: 'list', keys: ['port', 'protocol'], defaults: { protocol: 'TCP' }, patch: { merge: true, mergeKey: 'port' } },
    selector: atomic,
  },
  ConditionsStatus: { conditions: keyed('type') },
  ResourceQuota: { metadata: struct('ObjectMeta'), spec: struct('ResourceQuotaSpec'), status: struct('ResourceQuotaStatus') },
  ResourceQuotaSpec: { hard: map, scopeSelector: atomic },
  ResourceQuotaStatus: { hard: map, used: map },
  RoleBinding: { metadata: struct('ObjectMeta'), roleRef: atomic },
  Deployment: { metadata: struct('ObjectMeta'), spec: struct('DeploymentSpec'), status: struct('ConditionsStatus') },
  DeploymentSpec: {
    selector: atomic,
    strategy: { kind: 'struct', of: 'AnyObject', patch: { retainKeys: true } },
    template: struct('PodTemplateSpec'),
  },
  ReplicaSet: { metadata: struct('ObjectMeta'), spec: struct('ReplicaSetSpec'), status: struct('ConditionsStatus') },
  ReplicaSetSpec: { selector: atomic, template: struct('PodTemplateSpec') },
  WebhookConfiguration: { metadata: struct('ObjectMeta'), webhooks: keyed('name', 'Webhook') },
  Webhook: { matchConditions: keyed('name'), namespaceSelector: atomic, objectSelector: atomic },
  CustomResourceDefinition: { metadata: struct('ObjectMeta'), status: struct('CustomResourceDefinitionStatus') },
  CustomResourceDefinitionStatus: { conditions: { kind: 'list', keys: ['type'] } },
};

/** A built-in kind: its type, the encoding of its zero value, and what a write through each door ignores. */
export interface BuiltInKind {
  readonly type: TypeName;
  readonly zero: JsonObject;
  readonly hasStatus?: boolean;
  readonly resets?: Readonly<Record<string, readonly (readonly string[])[]>>;
}

const roleRef = { apiGroup: '', kind: '', name: '' };

/** By `Kind` or `Kind.group`. */
export const builtInKinds: Readonly<Record<string, BuiltInKind>> = {
  Namespace: { type: 'Namespace', zero: { metadata: {}, spec: {}, status: {} }, hasStatus: true },
  ServiceAccount: { type: 'ServiceAccount', zero: { metadata: {} } },
  ConfigMap: { type: 'ConfigMap', zero: { metadata: {} } },
  Secret: { type: 'Secret', zero: { metadata: {} } },
  Event: {
    type: 'Event',
    zero: {
      metadata: {},
      involvedObject: {},
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: null,
      reportingComponent: '',
      reportingInstance: '',
    },
  },
  'Event.events.k8s.io': {
    type: 'EventsEvent',
    zero: {
      metadata: {},
      eventTime: null,
      regarding: {},
      deprecatedSource: {},
      deprecatedFirstTimestamp: null,
      deprecatedLastTimestamp: null,
    },
  },
  Pod: {
    type: 'Pod',
    zero: { metadata: {}, spec: { containers: null }, status: {} },
    resets: { '': [['status']], status: [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']] },
  },
  Node: {
    type: 'Node',
    zero: {
      metadata: {},
      spec: {},
      status: {
        daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
        nodeInfo: {
          machineID: '',
          systemUUID: '',
          bootID: '',
          kernelVersion: '',
          osImage: '',
          containerRuntimeVersion: '',
          kubeletVersion: '',
          kubeProxyVersion: '',
          operatingSystem: '',
          architecture: '',
        },
      },
    },
    hasStatus: true,
  },
  Service: { type: 'Service', zero: { metadata: {}, spec: {}, status: { loadBalancer: {} } }, hasStatus: true },
  ResourceQuota: { type: 'ResourceQuota', zero: { metadata: {}, spec: {}, status: {} }, hasStatus: true },
  'Role.rbac.authorization.k8s.io': { type: 'AnyObject', zero: { metadata: {}, rules: null } },
  'ClusterRole.rbac.authorization.k8s.io': { type: 'AnyObject', zero: { metadata: {}, rules: null } },
  'RoleBinding.rbac.authorization.k8s.io': { type: 'RoleBinding', zero: { metadata: {}, roleRef } },
  'ClusterRoleBinding.rbac.authorization.k8s.io': { type: 'RoleBinding', zero: { metadata: {}, roleRef } },
  'Lease.coordination.k8s.io': { type: 'AnyObject', zero: { metadata: {}, spec: {} } },
  'Deployment.apps': {
    type: 'Deployment',
    zero: { metadata: {}, spec: { selector: null, template: { metadata: {}, spec: { containers: null } }, strategy: {} }, status: {} },
    hasStatus: true,
  },
  'ReplicaSet.apps': {
    type: 'ReplicaSet',
    zero: { metadata: {}, spec: { selector: null, template: { metadata: {}, spec: { containers: null } } }, status: { replicas: 0 } },
    hasStatus: true,
  },
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': { type: 'WebhookConfiguration', zero: { metadata: {} } },
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': { type: 'WebhookConfiguration', zero: { metadata: {} } },
  'CustomResourceDefinition.apiextensions.k8s.io': {
    type: 'CustomResourceDefinition',
    zero: {
      metadata: {},
      spec: { group: '', names: { plural: '', kind: '' }, scope: '', versions: null },
      status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null },
    },
    hasStatus: true,
  },
};
