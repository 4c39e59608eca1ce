import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { selectorText } from '../selectors/selector-text.ts';
import { ageOf } from './human-duration.ts';
import {
  deploymentReady,
  endpointsText,
  eventTimes,
  externalIp,
  firstThree,
  nodeRoles,
  nodeStatus,
  portsText,
  quotaText,
} from './internal/cells.ts';
import { podRestarts, podSummary } from './internal/pod-summary.ts';
import { at, listAt, numberAt, textAt } from './internal/values.ts';

/** A column and how its cell is made. Default type `string`, format empty, priority 0. */
export interface Column {
  readonly name: string;
  readonly type?: string;
  readonly format?: string;
  readonly priority?: number;
  readonly description: string;
  readonly cell: (object: KubeObject, now: Date) => unknown;
}

const NONE = '<none>';

/** The two descriptions that every table has are those of `meta/v1` (Apache-2.0), as clients compare whole tables; the others say the same in fewer words. */
export const NAME_COLUMN: Column = {
  name: 'Name',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  cell: ({ metadata }) => metadata.name ?? '',
};

export const CREATION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

const AGE_COLUMN: Column = { name: 'Age', description: CREATION, cell: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now) };

/** What a kind without a printer of its own shows. */
export const CREATED_COLUMNS: readonly Column[] = [
  NAME_COLUMN,
  { name: 'Created At', type: 'date', description: CREATION, cell: ({ metadata }) => metadata.creationTimestamp ?? null },
];

const wide = (column: Column): Column => ({ ...column, priority: 1 });
const text = (name: string, description: string, cell: Column['cell']): Column => ({ name, description, cell });
const count = (object: KubeObject, member: string): number => (isJsonObject(object[member]) ? Object.keys(object[member]).length : 0);

const templateColumns: readonly Column[] = [
  wide(
    text('Containers', 'Names of the containers of the template', (object) =>
      listAt(object, 'spec', 'template', 'spec', 'containers')
        .map((each) => textAt(each, 'name'))
        .join(','),
    ),
  ),
  wide(
    text('Images', 'Images of the containers of the template', (object) =>
      listAt(object, 'spec', 'template', 'spec', 'containers')
        .map((each) => textAt(each, 'image'))
        .join(','),
    ),
  ),
  wide(text('Selector', 'Which pods belong to it', (object) => selectorText(at(object, 'spec', 'selector')) || NONE)),
];

const subjects = (object: KubeObject, kind: string): string =>
  listAt(object, 'subjects')
    .filter((subject) => subject.kind === kind)
    .map((subject) => (kind === 'ServiceAccount' ? `${textAt(subject, 'namespace')}/${textAt(subject, 'name')}` : textAt(subject, 'name')))
    .join(', ');

const bindingColumns: readonly Column[] = [
  NAME_COLUMN,
  text('Role', 'The role that is bound', (object) => `${textAt(object, 'roleRef', 'kind')}/${textAt(object, 'roleRef', 'name')}`),
  AGE_COLUMN,
  wide(text('Users', 'Users that are bound', (object) => subjects(object, 'User'))),
  wide(text('Groups', 'Groups that are bound', (object) => subjects(object, 'Group'))),
  wide(text('ServiceAccounts', 'Service accounts that are bound', (object) => subjects(object, 'ServiceAccount'))),
];

const webhookColumns: readonly Column[] = [
  NAME_COLUMN,
  {
    name: 'Webhooks',
    type: 'integer',
    description: 'How many webhooks the configuration has',
    cell: (object) => listAt(object, 'webhooks').length,
  },
  AGE_COLUMN,
];

const eventColumns: readonly Column[] = [
  text('Last Seen', 'When it was observed last', (object, now) => eventTimes(object, now).last),
  text('Type', 'Normal or Warning', (object) => textAt(object, 'type')),
  text('Reason', 'One word for why', (object) => textAt(object, 'reason')),
  text('Object', 'What it is about', (object) => eventTarget(object)),
  wide(text('Subobject', 'Which part of the object it is about', (object) => textAt(aboutOf(object), 'fieldPath'))),
  wide(text('Source', 'Who reports it', (object) => eventSource(object))),
  text('Message', 'What happened', (object) => (textAt(object, 'message') || textAt(object, 'note')).trim()),
  wide(text('First Seen', 'When it was observed first', (object, now) => eventTimes(object, now).first)),
  wide(
    text(
      'Count',
      'How often it was observed',
      (object) => numberAt(object, 'series', 'count') || numberAt(object, 'count') || numberAt(object, 'deprecatedCount') || 1,
    ),
  ),
  { ...NAME_COLUMN, priority: 1 },
];

const aboutOf = (event: KubeObject): unknown => event.involvedObject ?? event.regarding;

function eventTarget(event: KubeObject): string {
  const kind = textAt(aboutOf(event), 'kind').toLowerCase();
  const name = textAt(aboutOf(event), 'name');
  return name === '' ? kind : `${kind}/${name}`;
}

function eventSource(event: KubeObject): string {
  const source = event.source ?? event.deprecatedSource;
  const component = textAt(source, 'component') || textAt(event, 'reportingComponent') || textAt(event, 'reportingController');
  const instance = textAt(source, 'host') || textAt(event, 'reportingInstance');
  return [component, instance].filter((part) => part !== '').join(', ');
}

const address = (node: KubeObject, type: string): string =>
  textAt(
    listAt(node, 'status', 'addresses').find((each) => each.type === type),
    'address',
  ) || NONE;

/** The columns of `pkg/printers/internalversion`, by `Kind` or `Kind.group`. */
export const builtInColumns: Readonly<Record<string, readonly Column[]>> = {
  Namespace: [NAME_COLUMN, text('Status', 'Active or Terminating', (object) => textAt(object, 'status', 'phase')), AGE_COLUMN],
  ServiceAccount: [NAME_COLUMN, AGE_COLUMN],
  ConfigMap: [
    NAME_COLUMN,
    text('Data', 'How many keys it has', (object) => count(object, 'data') + count(object, 'binaryData')),
    AGE_COLUMN,
  ],
  Secret: [
    NAME_COLUMN,
    text('Type', 'What kind of secret it is', (object) => textAt(object, 'type')),
    text('Data', 'How many keys it has', (object) => count(object, 'data')),
    AGE_COLUMN,
  ],
  Pod: [
    NAME_COLUMN,
    text('Ready', 'Containers that are ready, of all', (object) => podSummary(object).ready),
    text('Status', 'The state of the pod, or of the container that keeps it from running', (object) => podSummary(object).reason),
    text('Restarts', 'How often containers were restarted, and how long ago last', (object, now) => podRestarts(object, now)),
    AGE_COLUMN,
    wide(text('IP', 'Its first address', (object) => textAt(listAt(object, 'status', 'podIPs')[0], 'ip') || NONE)),
    wide(text('Node', 'The node it runs on', (object) => textAt(object, 'spec', 'nodeName') || NONE)),
    wide(text('Nominated Node', 'The node where room is made for it', (object) => textAt(object, 'status', 'nominatedNodeName') || NONE)),
    wide(text('Readiness Gates', 'Further conditions that are met, of all', (object) => podSummary(object).gates)),
  ],
  Event: eventColumns,
  'Event.events.k8s.io': eventColumns,
  Node: [
    NAME_COLUMN,
    text('Status', 'Ready or not, and whether pods may be scheduled on it', nodeStatus),
    text('Roles', 'Its roles by label', nodeRoles),
    AGE_COLUMN,
    text('Version', 'Version of its kubelet', (object) => textAt(object, 'status', 'nodeInfo', 'kubeletVersion')),
    wide(text('Internal-IP', 'Its address in the cluster', (object) => address(object, 'InternalIP'))),
    wide(text('External-IP', 'Its address outside', (object) => address(object, 'ExternalIP'))),
    wide(text('OS-Image', 'Its operating system', (object) => textAt(object, 'status', 'nodeInfo', 'osImage') || '<unknown>')),
    wide(text('Kernel-Version', 'Its kernel', (object) => kernelOf(object))),
    wide(
      text(
        'Container-Runtime',
        'What runs its containers',
        (object) => textAt(object, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
      ),
    ),
  ],
  Service: [
    NAME_COLUMN,
    text('Type', 'How it is exposed', (object) => textAt(object, 'spec', 'type')),
    text('Cluster-IP', 'Its address in the cluster', (object) => clusterIp(object)),
    text('External-IP', 'Its addresses outside', externalIp),
    text('Port(s)', 'Its ports', (object) => portsText(object)),
    AGE_COLUMN,
    wide(text('Selector', 'Which pods it leads to', (object) => selectorText({ matchLabels: at(object, 'spec', 'selector') }) || NONE)),
  ],
  Endpoints: [NAME_COLUMN, text('Endpoints', 'Addresses and ports', endpointsText), AGE_COLUMN],
  ResourceQuota: [
    NAME_COLUMN,
    text('Request', 'What is used of what may be requested', (object) => quotaText(object, (name) => !name.startsWith('limits.'))),
    text('Limit', 'What is used of the limits', (object) => quotaText(object, (name) => name.startsWith('limits.'))),
    AGE_COLUMN,
  ],
  'Deployment.apps': [
    NAME_COLUMN,
    text('Ready', 'Pods that are ready, of those wanted', deploymentReady),
    text('Up-to-date', 'Pods of the current template', (object) => numberAt(object, 'status', 'updatedReplicas')),
    text('Available', 'Pods that are available', (object) => numberAt(object, 'status', 'availableReplicas')),
    AGE_COLUMN,
    ...templateColumns,
  ],
  'ReplicaSet.apps': [
    NAME_COLUMN,
    { name: 'Desired', type: 'integer', description: 'Pods that are wanted', cell: (object) => numberAt(object, 'spec', 'replicas') },
    { name: 'Current', type: 'integer', description: 'Pods that exist', cell: (object) => numberAt(object, 'status', 'replicas') },
    { name: 'Ready', type: 'integer', description: 'Pods that are ready', cell: (object) => numberAt(object, 'status', 'readyReplicas') },
    AGE_COLUMN,
    ...templateColumns,
  ],
  'Scale.autoscaling': [
    NAME_COLUMN,
    { name: 'Desired', type: 'integer', description: 'Pods that are wanted', cell: (object) => numberAt(object, 'spec', 'replicas') },
    { name: 'Available', type: 'integer', description: 'Pods that exist', cell: (object) => numberAt(object, 'status', 'replicas') },
    AGE_COLUMN,
  ],
  'RoleBinding.rbac.authorization.k8s.io': bindingColumns,
  'ClusterRoleBinding.rbac.authorization.k8s.io': bindingColumns,
  'EndpointSlice.discovery.k8s.io': [
    NAME_COLUMN,
    text('AddressType', 'IPv4, IPv6 or names', (object) => textAt(object, 'addressType')),
    text('Ports', 'Ports of the endpoints', (object) =>
      firstThree(
        listAt(object, 'ports').map((port) => numberAt(port, 'port')),
        '<unset>',
      ),
    ),
    text('Endpoints', 'Addresses of the endpoints', (object) =>
      firstThree(
        listAt(object, 'endpoints').flatMap(({ addresses }) => addresses),
        '<unset>',
      ),
    ),
    AGE_COLUMN,
  ],
  'NetworkPolicy.networking.k8s.io': [
    NAME_COLUMN,
    text('Pod-Selector', 'Which pods it is about', (object) => selectorText(at(object, 'spec', 'podSelector')) || NONE),
    AGE_COLUMN,
  ],
  'PodDisruptionBudget.policy': [
    NAME_COLUMN,
    text('Min Available', 'Pods that must stay available', (object) => String(at(object, 'spec', 'minAvailable') ?? 'N/A')),
    text('Max Unavailable', 'Pods that may be unavailable', (object) => String(at(object, 'spec', 'maxUnavailable') ?? 'N/A')),
    {
      name: 'Allowed Disruptions',
      type: 'integer',
      description: 'Pods that may be disrupted now',
      cell: (object) => numberAt(object, 'status', 'disruptionsAllowed'),
    },
    AGE_COLUMN,
  ],
  'Lease.coordination.k8s.io': [
    NAME_COLUMN,
    text('Holder', 'Who holds it', (object) => textAt(object, 'spec', 'holderIdentity')),
    AGE_COLUMN,
  ],
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': webhookColumns,
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': webhookColumns,
};

function kernelOf(node: KubeObject): string {
  const architecture = textAt(node, 'status', 'nodeInfo', 'architecture');
  const kernel = textAt(node, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>';
  return architecture === '' ? kernel : `${kernel} (${architecture})`;
}

function clusterIp(service: KubeObject): string {
  const first: unknown = listOfTexts(at(service, 'spec', 'clusterIPs'))[0];
  return typeof first === 'string' ? first : textAt(service, 'spec', 'clusterIP') || NONE;
}

function listOfTexts(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
