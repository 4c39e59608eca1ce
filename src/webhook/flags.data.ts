import { CONTAINER_CREDENTIALS, MAX_TOKEN_EXPIRATION_SECONDS, WEB_IDENTITY } from '../identity/token-volume.ts';

/** One flag of `podrole webhook`. */
export interface WebhookFlag {
  readonly name: string;
  readonly type: 'string' | 'bool' | 'int' | 'duration' | 'strings';
  readonly default: string | number | boolean | readonly string[];
  readonly doc: string;
  readonly unit?: string;
  /** Accepted so that an existing command line starts, without effect; the text says why. */
  readonly upstreamOnly?: string;
}

const KLOG = 'logs are JSON on standard error';

/** Every flag of the upstream webhook with its default (klog's included), then podrole's own. */
export const webhookFlagTable: readonly WebhookFlag[] = [
  { name: 'port', type: 'int', default: 443, doc: 'port of the HTTPS listener' },
  { name: 'metrics-port', type: 'int', default: 9999, doc: 'port of the plain HTTP listener for /metrics and probes' },
  {
    name: 'kubeconfig',
    type: 'string',
    default: '',
    doc: 'path of a kubeconfig; empty, with --kube-api empty: the in-cluster configuration',
  },
  { name: 'kube-api', type: 'string', default: '', doc: 'URL of the Kubernetes API' },
  { name: 'tls-key', type: 'string', default: '/etc/webhook/certs/tls.key', doc: 'file of the private key, PEM; watched' },
  { name: 'tls-cert', type: 'string', default: '/etc/webhook/certs/tls.crt', doc: 'file of the certificate chain, PEM; watched' },
  {
    name: 'tls-cipher-suites',
    type: 'string',
    default: '',
    doc: 'comma-separated names of TLS 1.2 cipher suites; empty: the platform chooses',
  },
  {
    name: 'tls-min-version',
    type: 'string',
    default: '',
    doc: 'lowest TLS version, 1.2 (the default) or 1.3; VersionTLS12 and VersionTLS13 are understood',
  },
  {
    name: 'in-cluster',
    type: 'bool',
    default: false,
    doc: 'keep an authority and a certificate of our own in the Secret --tls-secret instead of reading files',
  },
  { name: 'service-name', type: 'string', default: 'pod-identity-webhook', doc: 'name of the webhook’s Service, for certificates' },
  { name: 'namespace', type: 'string', default: 'eks', doc: 'namespace of the webhook and of the mapping ConfigMap' },
  {
    name: 'tls-secret',
    type: 'string',
    default: 'pod-identity-webhook',
    doc: 'Secret of the webhook’s own certificate, with --in-cluster',
  },
  {
    name: 'annotation-prefix',
    type: 'string',
    default: 'eks.amazonaws.com',
    doc: 'prefix of the annotations of service accounts and pods',
  },
  {
    name: 'token-audience',
    type: 'string',
    default: WEB_IDENTITY.audience,
    doc: 'audience of tokens, unless the service account names one; not for mapping entries',
  },
  { name: 'token-mount-path', type: 'string', default: WEB_IDENTITY.mountPath, doc: 'where the token is mounted' },
  {
    name: 'token-expiration',
    type: 'int',
    default: MAX_TOKEN_EXPIRATION_SECONDS,
    unit: 'seconds',
    doc: 'life of tokens; below 600 counts as 600',
  },
  { name: 'aws-default-region', type: 'string', default: '', doc: 'region to inject; auto: by the partition of the role; empty: none' },
  {
    name: 'sts-regional-endpoint',
    type: 'bool',
    default: false,
    doc: 'inject AWS_STS_REGIONAL_ENDPOINTS=regional, unless the service account says otherwise',
  },
  { name: 'watch-config-map', type: 'bool', default: false, doc: 'also use the mapping ConfigMap pod-identity-webhook in --namespace' },
  { name: 'compose-role-arn', type: 'bool', default: false, doc: 'accept a bare role name in role-arn annotations; needs --account-id' },
  {
    name: 'watch-container-credentials-config',
    type: 'string',
    default: '',
    doc: 'path of the container credentials file; empty: EKS Pod Identity is off',
  },
  {
    name: 'container-credentials-audience',
    type: 'string',
    default: CONTAINER_CREDENTIALS.audience,
    doc: 'audience of EKS Pod Identity tokens',
  },
  {
    name: 'container-credentials-token-mount-path',
    type: 'string',
    default: CONTAINER_CREDENTIALS.mountPath,
    doc: 'where EKS Pod Identity tokens are mounted',
  },
  {
    name: 'container-credentials-token-volume-name',
    type: 'string',
    default: CONTAINER_CREDENTIALS.volumeName,
    doc: 'volume of EKS Pod Identity tokens',
  },
  {
    name: 'container-credentials-token-path',
    type: 'string',
    default: CONTAINER_CREDENTIALS.tokenFile,
    doc: 'file name of EKS Pod Identity tokens in their volume',
  },
  {
    name: 'container-credentials-full-uri',
    type: 'string',
    default: CONTAINER_CREDENTIALS.fullUri,
    doc: 'URL of the EKS Pod Identity agent',
  },
  {
    name: 'service-account-lookup-grace-period',
    type: 'duration',
    default: '0s',
    doc: 'how long a pod waits for a service account that a direct read did not find; must stay below the webhook’s timeout',
  },
  {
    name: 'resync-period',
    type: 'duration',
    default: '60s',
    doc: 'resync of caches',
    upstreamOnly: 'caches are lists and watches that heal themselves',
  },
  {
    name: 'enable-debugging-handlers',
    type: 'bool',
    default: false,
    doc: 'debug paths',
    upstreamOnly: 'there are no unauthenticated debug paths',
  },
  { name: 'version', type: 'bool', default: false, doc: 'print the version and exit' },
  { name: 'v', type: 'int', default: 0, doc: 'verbosity: from 4 on, pods that are left alone are logged too' },
  { name: 'vmodule', type: 'string', default: '', doc: 'klog: verbosity by file', upstreamOnly: KLOG },
  { name: 'logtostderr', type: 'bool', default: true, doc: 'klog: log to standard error', upstreamOnly: KLOG },
  { name: 'alsologtostderr', type: 'bool', default: false, doc: 'klog: also log to standard error', upstreamOnly: KLOG },
  { name: 'stderrthreshold', type: 'string', default: '2', doc: 'klog: severity for standard error', upstreamOnly: KLOG },
  { name: 'log_file', type: 'string', default: '', doc: 'klog: log file', upstreamOnly: KLOG },
  { name: 'log_dir', type: 'string', default: '', doc: 'klog: log folder', upstreamOnly: KLOG },
  { name: 'log_file_max_size', type: 'int', default: 1800, unit: 'MB', doc: 'klog: log file size', upstreamOnly: KLOG },
  { name: 'log_backtrace_at', type: 'string', default: '', doc: 'klog: stack trace at a line', upstreamOnly: KLOG },
  { name: 'add_dir_header', type: 'bool', default: false, doc: 'klog: folder in headers', upstreamOnly: KLOG },
  { name: 'skip_headers', type: 'bool', default: false, doc: 'klog: no header prefixes', upstreamOnly: KLOG },
  { name: 'skip_log_headers', type: 'bool', default: false, doc: 'klog: no file headers', upstreamOnly: KLOG },
  { name: 'one_output', type: 'bool', default: false, doc: 'klog: one severity per file', upstreamOnly: KLOG },

  {
    name: 'webhook-configuration',
    type: 'string',
    default: 'pod-identity-webhook',
    doc: 'MutatingWebhookConfiguration whose caBundle is kept, with --in-cluster; empty: none',
  },
  {
    name: 'max-token-expiration',
    type: 'int',
    default: MAX_TOKEN_EXPIRATION_SECONDS,
    unit: 'seconds',
    doc: 'longest life of a token, whoever asks for more',
  },
  {
    name: 'cluster-region',
    type: 'string',
    default: '',
    doc: 'the cluster’s region, for --aws-default-region=auto and --compose-role-arn',
  },
  {
    name: 'account-id',
    type: 'string',
    default: '',
    doc: 'the AWS account for --compose-role-arn, which upstream reads from the instance and podrole never does',
  },
  {
    name: 'mapping-defaults',
    type: 'bool',
    default: false,
    doc: 'fill missing Audience and UseRegionalSTS of mapping entries from the flags',
  },
  {
    name: 'refuse-invalid-roles',
    type: 'bool',
    default: false,
    doc: 'leave pods alone whose role is no ARN; by default it is injected with a warning',
  },
  { name: 'session-name-from-pod', type: 'bool', default: false, doc: 'name STS sessions after the pod (AWS_ROLE_SESSION_NAME)' },
  { name: 'complete-pairs', type: 'bool', default: false, doc: 'give the token file to containers that set only the role' },
  {
    name: 'volume-clash',
    type: 'string',
    default: 'keep',
    doc: 'what to do when the pod has another volume of our name: keep (and warn) or rename ours',
  },
  { name: 'exempt-namespaces', type: 'strings', default: [], doc: 'namespaces whose pods are never touched; commas or repeated' },
  {
    name: 'service-account-read-timeout',
    type: 'duration',
    default: '1.5s',
    doc: 'deadline of the direct read of a service account that the cache does not know',
  },
];

/** Cipher suites by their Go names, with OpenSSL's. Those of TLS 1.3 are accepted and cannot be chosen. */
export const cipherSuites: Readonly<Record<string, string | undefined>> = {
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_3DES_EDE_CBC_SHA: 'DES-CBC3-SHA',
  TLS_RSA_WITH_RC4_128_SHA: 'RC4-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_RC4_128_SHA: 'ECDHE-ECDSA-RC4-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: 'ECDHE-RSA-DES-CBC3-SHA',
  TLS_ECDHE_RSA_WITH_RC4_128_SHA: 'ECDHE-RSA-RC4-SHA',
  TLS_AES_128_GCM_SHA256: undefined,
  TLS_AES_256_GCM_SHA384: undefined,
  TLS_CHACHA20_POLY1305_SHA256: undefined,
};
