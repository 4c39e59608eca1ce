/** What a label of a field selector stands for: the value at its own path unless it says otherwise, `absent` where there is none. */
export interface FieldLabel {
  readonly label: string;
  /** Paths in place of its own: the first that holds something. */
  readonly paths?: readonly string[];
  readonly absent?: string;
}

const labels = (...paths: readonly string[]): readonly FieldLabel[] => paths.map((label) => ({ label }));
const of = (member: string): readonly string[] =>
  ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => `${member}.${field}`);

/**
 * The fields besides name and namespace that the objects of a built-in resource (`plural` or `plural.group`) can be selected by, as its
 * `AddFieldLabelConversionFunc` declares them, with the values of its `ToSelectableFields`.
 */
export const fieldLabels: Readonly<Record<string, readonly FieldLabel[]>> = {
  pods: [
    ...labels('spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName'),
    { label: 'spec.hostNetwork', absent: 'false' },
    ...labels('status.phase', 'status.podIP', 'status.podIPs', 'status.nominatedNodeName'),
    { label: 'spec.host', paths: ['spec.nodeName'] },
  ],
  nodes: [{ label: 'spec.unschedulable', absent: 'false' }],
  namespaces: labels('status.phase'),
  secrets: labels('type'),
  services: labels('spec.clusterIP', 'spec.type'),
  events: [
    ...labels(...of('involvedObject'), 'reason', 'reportingComponent', 'type'),
    { label: 'source', paths: ['source.component', 'reportingComponent'] },
  ],
  'events.events.k8s.io': labels(...of('regarding'), 'reason', 'reportingController', 'type'),
};
