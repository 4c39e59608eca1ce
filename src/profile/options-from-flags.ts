import type { Problem } from '../base/errors.ts';
import { FlagReader, type FlagValues } from '../base/flag-table.ts';
import { parseRoleArn } from '../iam/arn.ts';
import { isDnsLabel, isDnsSubdomain } from '../iam/service-account-subject.ts';
import { controllerEnvironment, controllerFlagTable } from './flags.data.ts';
import { issuerProblem, type ProfileControllerOptions } from './options.ts';
import { type AllowedRole, parseAllowedRole } from './role-policy.ts';

/** What the flags say about the process around the controller. */
export interface ControllerServing {
  /** Empty: not given. */
  readonly kubeconfig: string;
  /** `undefined`: ask the API server's discovery. */
  readonly issuer: string | undefined;
  readonly iamEndpoint: string | undefined;
  readonly region: string | undefined;
  /** `undefined`: none. An empty host means every address. */
  readonly metrics: { readonly address: string; readonly port: number } | undefined;
  readonly health: { readonly address: string; readonly port: number } | undefined;
  readonly leaderElect: boolean;
  /** `undefined`: the pod's, else the kubeconfig's, else `default`. */
  readonly namespace: string | undefined;
  readonly labelsFile: string | undefined;
  readonly dryRun: boolean;
  /** Whether pods are looked at. */
  readonly reportPods: boolean;
  /** The validating webhook; `undefined`: none. */
  readonly webhook: WebhookServing | undefined;
}

/** How the validating webhook is served, and whose certificate it shows. */
export interface WebhookServing {
  readonly port: number;
  readonly certificate:
    | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string }
    /** `configuration`: the name of the one whose caBundle is kept. */
    | { readonly kind: 'own'; readonly secret: string; readonly service: string; readonly configuration: string | undefined };
}

export type ControllerFlagsResult =
  | {
      readonly ok: true;
      readonly options: Omit<ProfileControllerOptions, 'issuer'>;
      readonly serving: ControllerServing;
      readonly notices: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Turns flags and upstream's environment into options: defaults filled in, every problem at once, notices about what has no effect. */
export function optionsFromFlags(
  values: FlagValues,
  environment: Readonly<Record<string, string | undefined>> = {},
): ControllerFlagsResult {
  const read = new FlagReader(controllerFlagTable, values);
  const issuer = read.text('issuer') || undefined;
  const issuerFault = issuer === undefined ? undefined : issuerProblem(issuer);
  if (issuerFault !== undefined) read.problem('issuer', issuerFault);
  const resync = read.duration('trust-resync');
  const defaultRole = read.text('default-role') || undefined;
  if (defaultRole !== undefined && !parseRoleArn(defaultRole.replaceAll('{namespace}', 'n').replaceAll('{owner}', 'o')).ok) {
    read.problem('default-role', `${JSON.stringify(defaultRole)} is not the ARN of a role; only {namespace} and {owner} are replaced`);
  }
  const quota = quotaOf(read);
  const env = (name: keyof typeof controllerEnvironment): string => environment[name] || controllerEnvironment[name].default;
  const options: Omit<ProfileControllerOptions, 'issuer'> = {
    audience: read.text('audience'),
    ...(quota === undefined ? {} : { trustPolicyQuota: quota }),
    ...(resync === 0 ? {} : { trustResyncMs: resync }),
    lateWriteWindowMs: read.duration('late-write-window'),
    allowedRoles: allowedRoles(read),
    ...(defaultRole === undefined ? {} : { defaultRole }),
    istio: {
      userIdHeader: read.text('userid-header'),
      userIdPrefix: read.text('userid-prefix'),
      gatewayPrincipal: env('ISTIO_INGRESS_GATEWAY_PRINCIPAL'),
      pipelineUiPrincipal: env('KFP_UI_PRINCIPAL'),
      notebookControllerPrincipal: env('NOTEBOOK_CONTROLLER_PRINCIPAL'),
    },
  };
  const serving: ControllerServing = {
    kubeconfig: read.text('kubeconfig'),
    issuer,
    iamEndpoint: read.text('iam-endpoint') || undefined,
    region: read.text('region') || undefined,
    metrics: addressOf(read, 'metrics-bind-address'),
    health: addressOf(read, 'health-probe-bind-address'),
    leaderElect: read.bool('leader-elect'),
    namespace: read.text('namespace') || undefined,
    labelsFile: read.text('namespace-labels-path') || undefined,
    dryRun: read.bool('dry-run'),
    reportPods: read.bool('report-pods'),
    webhook: webhookServing(read),
  };
  return read.problems.length > 0 ? { ok: false, problems: read.problems } : { ok: true, options, serving, notices: noticesOf(values) };
}

function webhookServing(read: FlagReader): WebhookServing | undefined {
  const port = read.int('webhook-port', 0, 65_535);
  const [certFile, keyFile] = [read.text('tls-cert'), read.text('tls-key')];
  if ((certFile === '') !== (keyFile === ''))
    read.problem(certFile === '' ? 'tls-cert' : 'tls-key', 'the webhook wants both files, or neither');
  if (port === 0) return undefined;
  if (certFile !== '' && keyFile !== '') return { port, certificate: { kind: 'files', certFile, keyFile } };
  const service = read.checked('service-name', isDnsLabel, 'must be a DNS label');
  const secret = read.checked('tls-secret', isDnsSubdomain, 'must be a DNS subdomain');
  return { port, certificate: { kind: 'own', secret, service, configuration: read.text('webhook-configuration') || undefined } };
}

/** `undefined`: the account says. */
function quotaOf(read: FlagReader): number | 'off' | undefined {
  const text = read.text('trust-policy-quota');
  if (text === 'auto') return undefined;
  if (text === 'off') return 'off';
  if (/^[0-9]{1,6}$/.test(text) && Number(text) > 0) return Number(text);
  read.problem('trust-policy-quota', `${JSON.stringify(text)} is neither a number of characters, nor off, nor auto`);
  return 'off';
}

function allowedRoles(read: FlagReader): readonly AllowedRole[] {
  return read.list('allowed-role').flatMap((text) => {
    const parsed = parseAllowedRole(text);
    if (parsed.ok) return [parsed.allowed];
    read.problem('allowed-role', parsed.message);
    return [];
  });
}

function noticesOf(values: FlagValues): readonly string[] {
  return controllerFlagTable
    .filter((flag) => flag.upstreamOnly !== undefined && Object.hasOwn(values, flag.name))
    .map((flag) => `--${flag.name} has no effect: ${flag.upstreamOnly}`);
}

/** `host:port`, `:port`, or `0` for none. */
function addressOf(read: FlagReader, name: string): { readonly address: string; readonly port: number } | undefined {
  const text = read.text(name);
  if (text === '0' || text === '') return undefined;
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || port > 65_535) {
    read.problem(name, `${JSON.stringify(text)} is not host:port, :port or 0`);
    return undefined;
  }
  return { address: match[1] ?? match[2] ?? '', port };
}
