import type { FlagRow } from '../base/flag-table.ts';

const ZAP = 'logs are JSON on standard error';

/** Every flag of upstream's Profile controller with its default, then podrole's own. */
export const controllerFlagTable: readonly FlagRow[] = [
  {
    name: 'userid-header',
    type: 'string',
    default: 'x-goog-authenticated-user-email',
    doc: 'header that carries the user’s id, for the AuthorizationPolicy',
  },
  { name: 'userid-prefix', type: 'string', default: 'accounts.google.com:', doc: 'what stands before the owner’s name in that header' },
  {
    name: 'workload-identity',
    type: 'string',
    default: '',
    doc: 'default GCP service account of the WorkloadIdentity plugin',
    upstreamOnly: 'the plugin of Google Cloud is not part of podrole',
  },
  {
    name: 'namespace-labels-path',
    type: 'string',
    default: '/etc/profile-controller/namespace-labels.yaml',
    doc: 'YAML file of labels for namespaces; read again when it changes; empty: none',
  },
  { name: 'metrics-bind-address', type: 'string', default: ':8080', doc: 'address of /metrics; 0: none' },
  { name: 'health-probe-bind-address', type: 'string', default: ':9876', doc: 'address of /healthz and /readyz; 0: none' },
  { name: 'leader-elect', type: 'bool', default: false, doc: 'elect a leader by Lease; without it one replica is your promise' },
  { name: 'kubeconfig', type: 'string', default: '', doc: 'path of a kubeconfig; empty: the in-cluster configuration' },
  { name: 'zap-devel', type: 'bool', default: true, doc: 'zap: development defaults', upstreamOnly: ZAP },
  { name: 'zap-encoder', type: 'string', default: '', doc: 'zap: encoding', upstreamOnly: ZAP },
  { name: 'zap-log-level', type: 'string', default: '', doc: 'zap: level', upstreamOnly: ZAP },
  { name: 'zap-stacktrace-level', type: 'string', default: '', doc: 'zap: level of stack traces', upstreamOnly: ZAP },
  { name: 'zap-time-encoding', type: 'string', default: '', doc: 'zap: time format', upstreamOnly: ZAP },

  {
    name: 'issuer',
    type: 'string',
    default: '',
    doc: 'the cluster’s issuer URL, the provider of every trust policy; empty: what the API server’s discovery says',
  },
  { name: 'audience', type: 'string', default: 'sts.amazonaws.com', doc: 'audience of the tokens that are granted access' },
  { name: 'iam-endpoint', type: 'string', default: '', doc: 'URL of the IAM API; empty: AWS’s own' },
  { name: 'region', type: 'string', default: '', doc: 'region for signing; empty: AWS_REGION, else us-east-1' },
  {
    name: 'trust-policy-quota',
    type: 'string',
    default: 'auto',
    doc: 'longest trust policy that the account allows (ACLSizePerRole) in characters, or off; auto: what IAM’s GetAccountSummary says at start, else 2048',
  },
  {
    name: 'trust-resync',
    type: 'duration',
    default: '0s',
    doc: 'how often a role is looked at again; 0: 10 s per known role, at least 20 s, at most 5 min',
  },
  {
    name: 'late-write-window',
    type: 'duration',
    default: '5m',
    doc: 'how long an IAM write of unknown outcome may still land; a finalizer waits it out',
  },
  {
    name: 'allowed-role',
    type: 'strings',
    default: [],
    doc: 'ARN pattern (* without /, ** with) or tag:KEY=VALUE of roles that profiles may name; repeatable; none: every role of the own account but its own',
  },
  {
    name: 'default-role',
    type: 'string',
    default: '',
    doc: 'ARN for profiles without an AWS plugin; {namespace} and {owner} are replaced; empty: none',
  },
  {
    name: 'namespace',
    type: 'string',
    default: '',
    doc: 'holds records and Lease; never created; empty: the pod’s own, else the kubeconfig context’s, else default',
  },
  {
    name: 'report-pods',
    type: 'bool',
    default: false,
    doc: 'say in the status which pods run without the role of their service account; needs the right to list pods',
  },
  {
    name: 'webhook-port',
    type: 'int',
    default: 0,
    doc: 'port of the validating webhook for profiles, HTTPS at /validate-profile; its configuration comes from deploy/; 0: none',
  },
  { name: 'tls-cert', type: 'string', default: '', doc: 'file of the webhook’s certificate chain, PEM; watched; empty: one of our own' },
  { name: 'tls-key', type: 'string', default: '', doc: 'file of the webhook’s private key, PEM; watched; empty: one of our own' },
  {
    name: 'tls-secret',
    type: 'string',
    default: 'podrole-profile-webhook',
    doc: 'Secret of the webhook’s own authority and certificate, without --tls-cert',
  },
  {
    name: 'service-name',
    type: 'string',
    default: 'podrole-profile-webhook',
    doc: 'name of the webhook’s Service, for its own certificate',
  },
  {
    name: 'webhook-configuration',
    type: 'string',
    default: 'podrole-profiles',
    doc: 'ValidatingWebhookConfiguration whose caBundle is kept, without --tls-cert; empty: none',
  },
  { name: 'dry-run', type: 'bool', default: false, doc: 'print what would be done for the profiles as they are, and exit' },
];

/** Environment of upstream's controller: what stands in when it is unset or empty. */
export const controllerEnvironment = {
  ISTIO_INGRESS_GATEWAY_PRINCIPAL: {
    default: 'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account',
    doc: 'principal of the Istio ingress gateway',
  },
  KFP_UI_PRINCIPAL: { default: 'cluster.local/ns/kubeflow/sa/ml-pipeline-ui', doc: 'principal of the pipelines UI' },
  NOTEBOOK_CONTROLLER_PRINCIPAL: {
    default: 'cluster.local/ns/kubeflow/sa/notebook-controller-service-account',
    doc: 'principal of the notebook controller',
  },
} as const satisfies Readonly<Record<string, { readonly default: string; readonly doc: string }>>;
