/** The fields besides name and namespace that a bucket's objects can be selected by, as `AddFieldLabelConversionFunc` declares them. */
export const fieldLabels: Readonly<Record<string, { readonly paths: readonly string[] }>> = {
  pods: {
    paths: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.podIPs',
      'status.nominatedNodeName',
    ],
  },
  nodes: { paths: ['spec.unschedulable'] },
  namespaces: { paths: ['status.phase'] },
  secrets: { paths: ['type'] },
  services: { paths: ['spec.clusterIP', 'spec.type'] },
  events: {
    paths: [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
  },
  'replicasets.apps': { paths: ['status.replicas'] },
};
