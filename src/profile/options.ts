import { parseProviderArn, providerArnOf } from '../iam/arn.ts';
import { controllerEnvironment, controllerFlagTable } from './flags.data.ts';
import type { IstioOptions } from './internal/authorization-policy.ts';
import type { AllowedRole } from './role-policy.ts';

/** How the controller shall behave. Durations are milliseconds. */
export interface ProfileControllerOptions {
  /** The cluster's own issuer: the provider of every trust policy that is written. */
  readonly issuer: string;
  /** What the tokens of granted subjects carry as `aud`; default `sts.amazonaws.com`. */
  readonly audience?: string;
  /** Client ids of the provider, for telling an open statement; default the audience alone. */
  readonly registeredAudiences?: readonly string[];
  /** Characters of a trust policy; default 2,048, which is IAM’s own until somebody has it raised. */
  readonly trustPolicyQuota?: number | 'off';
  /** Time between two looks at one role; default 10 s per known role, at least 20 s, at most 5 min. */
  readonly trustResyncMs?: number;
  /** How long a request of unknown outcome may still be applied; default 5 min (SigV4 refuses older ones). */
  readonly lateWriteWindowMs?: number;
  /** Least time between two writes of one role, so that many profiles share one; default 700. */
  readonly batchMs?: number;
  /** How long a subject may stay on a role that it is about to leave for one that does not take it; default 2 min. */
  readonly roleChangeHoldMs?: number;
  /** Empty: every role of the own account but its own. */
  readonly allowedRoles?: readonly AllowedRole[];
  /** ARN template with `{namespace}` and `{owner}` for profiles that name no AWS plugin. */
  readonly defaultRole?: string;
  /** The AuthorizationPolicy's header and principals; default upstream's. */
  readonly istio?: IstioOptions;
  /** Profiles worked on at once; default 24. */
  readonly profileWorkers?: number;
  /** Roles worked on at once; default 4. */
  readonly roleWorkers?: number;
}

const flagDefault = (name: string): string => String(controllerFlagTable.find((flag) => flag.name === name)?.default ?? '');

const DEFAULT_ISTIO: IstioOptions = {
  userIdHeader: flagDefault('userid-header'),
  userIdPrefix: flagDefault('userid-prefix'),
  gatewayPrincipal: controllerEnvironment.ISTIO_INGRESS_GATEWAY_PRINCIPAL.default,
  pipelineUiPrincipal: controllerEnvironment.KFP_UI_PRINCIPAL.default,
  notebookControllerPrincipal: controllerEnvironment.NOTEBOOK_CONTROLLER_PRINCIPAL.default,
};

/** The options with their defaults filled in. */
export interface ResolvedOptions extends Required<Omit<ProfileControllerOptions, 'trustResyncMs' | 'defaultRole'>> {
  readonly trustResyncMs: number | undefined;
  readonly defaultRole: string | undefined;
}

export function resolveOptions(options: ProfileControllerOptions): ResolvedOptions {
  const audience = options.audience ?? 'sts.amazonaws.com';
  return {
    issuer: options.issuer,
    audience,
    registeredAudiences: options.registeredAudiences ?? [audience],
    trustPolicyQuota: options.trustPolicyQuota ?? 2048,
    trustResyncMs: options.trustResyncMs,
    lateWriteWindowMs: options.lateWriteWindowMs ?? 300_000,
    batchMs: options.batchMs ?? 700,
    roleChangeHoldMs: options.roleChangeHoldMs ?? 120_000,
    allowedRoles: options.allowedRoles ?? [],
    defaultRole: options.defaultRole,
    istio: options.istio ?? DEFAULT_ISTIO,
    profileWorkers: options.profileWorkers ?? 24,
    roleWorkers: options.roleWorkers ?? 4,
  };
}

/** The time between two looks at one role when `roles` are known. */
export function resyncMs(options: ResolvedOptions, roles: number): number {
  return options.trustResyncMs ?? Math.min(300_000, Math.max(20_000, roles * 10_000));
}

/** What is wrong with an issuer as the provider of trust policies, if anything; the account is of no matter. */
export function issuerProblem(issuer: string): string | undefined {
  if (!issuer.startsWith('https://')) return `issuer ${JSON.stringify(issuer)} must begin with https://`;
  const parsed = parseProviderArn(providerArnOf({ partition: 'aws', account: '111122223333', issuer }));
  return parsed.ok ? undefined : parsed.problems.map((problem) => problem.message).join('; ');
}
