const ROLE = 'arn:aws:iam::111122223333:role/kubeflow-bench';
/** Annotations of an account with a role. */
export const BOUND: Readonly<Record<string, string>> = { 'eks.amazonaws.com/role-arn': ROLE };

interface Pod {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

const variables = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, index) => ({ name: `SETTING_NUMBER_${index}`, value: `the value of setting number ${index}` }));

const container = (name: string, env: readonly object[]): object => ({
  name,
  image: `registry.example.com/team/${name}:1.2.3`,
  command: ['/bin/server', '--config', '/etc/server/config.yaml'],
  ...(env.length > 0 ? { env } : {}),
  resources: { limits: { cpu: '500m', memory: '512Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
  volumeMounts: [{ name: 'kube-api-access-x7k2p', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
});

const podOf = (serviceAccountName: string, containers: readonly object[]): Pod => ({
  metadata: { generateName: 'server-7c5ddbdf54-', namespace: 'bench', labels: { app: 'server', 'pod-template-hash': '7c5ddbdf54' } },
  spec: {
    volumes: [{ name: 'kube-api-access-x7k2p', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }], defaultMode: 420 } }],
    containers,
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName,
    serviceAccount: serviceAccountName,
    schedulerName: 'default-scheduler',
    tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  },
});

/** A review as an API server sends it. */
export const reviewBody = (pod: Pod): Buffer =>
  Buffer.from(
    JSON.stringify({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        uid: '0df28fbd-5f5f-11e8-bc74-36e6bb280816',
        kind: { group: '', version: 'v1', kind: 'Pod' },
        resource: { group: '', version: 'v1', resource: 'pods' },
        namespace: 'bench',
        operation: 'CREATE',
        userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller', groups: ['system:serviceaccounts'] },
        object: { kind: 'Pod', apiVersion: 'v1', ...pod },
        oldObject: null,
        dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      },
    }),
  );

const three = ['server', 'sidecar', 'exporter'].map((name) => container(name, variables(20)));

/** The three cases: one container and a role, three containers with twenty variables each and a role, and those without a role. */
export const reviews = {
  small: { body: reviewBody(podOf('bound', [container('server', [])])), patched: true },
  big: { body: reviewBody(podOf('bound', three)), patched: true },
  plain: { body: reviewBody(podOf('bare', three)), patched: false },
} as const;
