import type { Problem } from '../base/errors.ts';
import { FlagReader, type FlagValues } from '../base/flag-table.ts';
import { isDnsLabel, isDnsSubdomain } from '../iam/service-account-subject.ts';
import { clampExpiration, MIN_TOKEN_EXPIRATION_SECONDS } from '../identity/token-volume.ts';
import { cipherSuites, webhookFlagTable } from './flags.data.ts';
import { defaultWebhookOptions, type WebhookOptions } from './options.ts';
import { partitionOfRegion } from './region.ts';

/** More processes than a node has cores only cost memory and watches. */
const MAX_WORKERS = 64;

/** What the flags say about the process around the webhook. */
export interface ServingOptions {
  readonly port: number;
  readonly metricsPort: number;
  /** Processes that answer reviews; 1: this one alone. */
  readonly workers: number;
  /** Empty: not given. */
  readonly kubeconfig: string;
  /** Empty: not given. */
  readonly kubeApi: string;
  readonly tlsKeyFile: string;
  readonly tlsCertFile: string;
  readonly tlsMinVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's names; empty: the platform's choice. */
  readonly tlsCiphers: readonly string[];
  readonly serviceName: string;
  /** Also of the mapping ConfigMap. */
  readonly namespace: string;
  readonly tlsSecret: string;
  /** Whether the certificate is one's own, kept in that Secret, and not from files. */
  readonly ownCertificate: boolean;
  /** Whose caBundle is kept then; `undefined`: none. */
  readonly webhookConfiguration: string | undefined;
  readonly identitiesFile: string | undefined;
  readonly verbosity: number;
  readonly printVersion: boolean;
}

export type WebhookFlagsResult =
  | { readonly ok: true; readonly options: WebhookOptions; readonly serving: ServingOptions; readonly notices: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Turns flags into options: defaults filled in, every problem at once, and notices about what was accepted without effect or adjusted. */
export function optionsFromFlags(values: FlagValues): WebhookFlagsResult {
  const read = new FlagReader(webhookFlagTable, values);
  const notices = noticesOf(values, read);
  const maxTokenExpirationSeconds = read.int('max-token-expiration', MIN_TOKEN_EXPIRATION_SECONDS, 2 ** 32);
  const wished = read.int('token-expiration', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const expiration = clampExpiration(wished, Math.max(maxTokenExpirationSeconds, MIN_TOKEN_EXPIRATION_SECONDS));
  if (expiration.clamped !== undefined) notices.push(`--token-expiration ${wished} is out of bounds, ${expiration.seconds} is used`);
  const file = read.text('watch-container-credentials-config');
  if (file !== '' && !file.startsWith('/')) read.problem('watch-container-credentials-config', 'the path must be absolute');
  const clusterRegion = read.text('cluster-region') || undefined;
  const account = read.text('account-id');
  if (account !== '' && !/^[0-9]{12}$/.test(account)) read.problem('account-id', 'an account has twelve digits');
  const composes = read.bool('compose-role-arn');
  if (composes && account === '')
    read.problem(
      'compose-role-arn',
      'needs --account-id ACCOUNT, and --cluster-region outside the aws partition: instance metadata is never asked',
    );
  const partition = partitionOfRegion(clusterRegion ?? read.text('aws-default-region'));

  const options: WebhookOptions = {
    ...defaultWebhookOptions,
    annotationPrefix: read.checked('annotation-prefix', isDnsSubdomain, 'must be a DNS subdomain'),
    audience: read.text('token-audience'),
    mountPath: mountPath(read, 'token-mount-path', notices),
    tokenExpirationSeconds: expiration.seconds,
    maxTokenExpirationSeconds,
    region: read.text('aws-default-region') || undefined,
    homeRegion: clusterRegion,
    stsRegional: read.bool('sts-regional-endpoint'),
    mapping: read.bool('watch-config-map'),
    mappingDefaults: read.bool('mapping-defaults'),
    composeRole: composes && account !== '' ? { account, partition } : undefined,
    containerCredentials:
      file === ''
        ? undefined
        : {
            audience: read.text('container-credentials-audience'),
            mountPath: mountPath(read, 'container-credentials-token-mount-path', notices),
            volumeName: read.checked('container-credentials-token-volume-name', isDnsLabel, 'must be a DNS label'),
            tokenFile: read.text('container-credentials-token-path'),
            fullUri: read.text('container-credentials-full-uri'),
          },
    gracePeriodMs: read.duration('service-account-lookup-grace-period'),
    refuseInvalidRoles: read.bool('refuse-invalid-roles'),
    sessionNameFromPod: read.bool('session-name-from-pod'),
    completePairs: read.bool('complete-pairs'),
    volumeClash: read.choice('volume-clash', ['keep', 'rename']),
    exemptNamespaces: read.items('exempt-namespaces'),
    readTimeoutMs: read.duration('service-account-read-timeout'),
  };
  const serving: ServingOptions = {
    port: read.int('port', 0, 65_535),
    metricsPort: read.int('metrics-port', 0, 65_535),
    workers: read.int('workers', 1, MAX_WORKERS),
    kubeconfig: read.text('kubeconfig'),
    kubeApi: read.text('kube-api'),
    tlsKeyFile: read.text('tls-key'),
    tlsCertFile: read.text('tls-cert'),
    tlsMinVersion: minVersion(read, notices),
    tlsCiphers: ciphers(read),
    serviceName: read.text('service-name'),
    namespace: read.text('namespace'),
    tlsSecret: read.text('tls-secret'),
    ownCertificate: read.bool('in-cluster'),
    webhookConfiguration: read.text('webhook-configuration') || undefined,
    identitiesFile: file === '' ? undefined : file,
    verbosity: read.int('v', 0, 10_000),
    printVersion: read.bool('version'),
  };
  return read.problems.length > 0 ? { ok: false, problems: read.problems } : { ok: true, options, serving, notices };
}

const flagsByName = new Map(webhookFlagTable.map((flag) => [flag.name, flag]));

function noticesOf(values: FlagValues, read: FlagReader): string[] {
  const notices: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const flag = flagsByName.get(name);
    if (flag === undefined) read.problem(name, 'no such flag');
    // What says no more than the default is nothing to remark upon: `--in-cluster=false` is in every manifest.
    else if (flag.upstreamOnly !== undefined && value !== flag.default) notices.push(`--${name} has no effect: ${flag.upstreamOnly}`);
  }
  return notices;
}

/** The kubelet reads a relative path from the container's root, and upstream takes one, so it is no reason not to start. */
function mountPath(read: FlagReader, name: 'token-mount-path' | 'container-credentials-token-mount-path', notices: string[]): string {
  const path = read.checked(name, (text) => text !== '' && !text.includes(':'), 'must be an absolute path without a colon');
  if (path !== '' && !path.startsWith('/'))
    notices.push(`--${name} ${path} is relative, write an absolute path: SDKs look below their working folder`);
  return path;
}

function minVersion(read: FlagReader, notices: string[]): ServingOptions['tlsMinVersion'] {
  const text = read.text('tls-min-version');
  switch (text) {
    case '':
    case '1.2':
    case 'VersionTLS12':
      return 'TLSv1.2';
    case '1.3':
    case 'VersionTLS13':
      return 'TLSv1.3';
    case '1.0':
    case 'VersionTLS10':
    case '1.1':
    case 'VersionTLS11':
      notices.push(`--tls-min-version ${text} is too old to be served, TLS 1.2 is the lowest`);
      return 'TLSv1.2';
    default:
      read.problem('tls-min-version', 'must be 1.2 or 1.3');
      return 'TLSv1.2';
  }
}

function ciphers(read: FlagReader): readonly string[] {
  const chosen: string[] = [];
  for (const name of read.items('tls-cipher-suites')) {
    if (!Object.hasOwn(cipherSuites, name)) read.problem('tls-cipher-suites', `${JSON.stringify(name)} is no cipher suite`);
    const suite = cipherSuites[name];
    if (suite !== undefined) chosen.push(suite);
  }
  return chosen;
}
