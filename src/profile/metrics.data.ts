import { type ReasonCode, reasons } from './reasons.data.ts';

/** One metric, declared beside the feature that counts it. */
export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Every label with all its values; a counter starts at zero for each. Absent values: open, not initialised (upstream's own metrics only). */
  readonly labels: Readonly<Record<string, readonly string[] | undefined>>;
  readonly buckets?: readonly number[];
}

const codes = Object.keys(reasons) as ReasonCode[];

/** Upstream's names of failures (cut to 30 characters, as upstream cuts them), for those that podrole has too. */
const upstreamFailures = [
  'error updating namespace label',
  'error updating Owner Rolebindi',
  'error applying plugin',
  'error revoking plugin',
] as const;

/** What becomes of a plugin. */
export const pluginResults = ['ready', 'waiting', 'failed'] as const;
export type PluginResult = (typeof pluginResults)[number];

/** podrole's metrics of the Profile controller, and those of upstream's under their own names. */
export const profileMetrics = {
  podrole_profile_conditions_total: {
    type: 'counter',
    help: 'Conditions of profiles that changed, by type and new reason.',
    labels: { condition: ['Ready', 'NamespaceReady', 'AccessReady', 'AwsIamReady', 'PodsCurrent'], reason: codes },
  },
  podrole_profile_reconciles_total: {
    type: 'counter',
    help: 'Rounds of the two reconcilers, by outcome.',
    labels: { reconciler: ['profile', 'role'], outcome: ['done', 'after', 'retry', 'terminal', 'timeout'] },
  },
  podrole_role_findings_total: {
    type: 'counter',
    help: 'Failures and oddities of roles and their trust policies, by reason.',
    labels: { reason: codes },
  },
  podrole_trust_policy_writes_total: {
    type: 'counter',
    help: 'UpdateAssumeRolePolicy calls, by what became of them.',
    labels: { result: ['applied', 'refused', 'unknown'] },
  },
  podrole_profile_admissions_total: {
    type: 'counter',
    help: 'Reviews of profiles by the validating webhook, by verdict.',
    labels: { verdict: ['allowed', 'denied', 'undecodable'] },
  },
  podrole_profile_admission_problems_total: {
    type: 'counter',
    help: 'Problems for which the validating webhook refused profiles, by reason.',
    labels: { reason: codes },
  },
  podrole_profile_webhook_certificate_expiry_seconds: {
    type: 'gauge',
    help: 'When the validating webhook’s certificate ends, in seconds since 1970; 0: it is not served.',
    labels: {},
  },
  podrole_profiles: {
    type: 'gauge',
    help: 'Profiles that name a role, by what became of it: ready, waiting, or failed. 0 on replicas that do not lead.',
    labels: { plugin: ['AwsIamForServiceAccount'], result: pluginResults },
  },
  podrole_roles: { type: 'gauge', help: 'Roles that are looked after.', labels: {} },
  podrole_namespace_labels_usable: {
    type: 'gauge',
    help: 'Whether the namespace labels file was good when last read: 1 yes, 0 the last good one is in use.',
    labels: {},
  },
  request_kf: {
    type: 'counter',
    help: 'Upstream: rounds of the Profile controller, by kind.',
    labels: { component: ['profile_controller'], kind: ['reconcile', 'profile deletion', 'reject profile taking over exi'] },
  },
  request_kf_failure: {
    type: 'counter',
    help: 'Upstream: failed rounds of the Profile controller, by kind.',
    labels: { component: ['profile_controller'], kind: upstreamFailures, severity: ['major'] },
  },
  service_heartbeat: {
    type: 'counter',
    help: 'Upstream: grows by one every ten seconds.',
    labels: { component: ['profile_controller'], severity: ['critical'] },
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>;

/** Which upstream failure a condition stands for. */
export function upstreamFailureOf(condition: string, deleting: boolean): string {
  if (condition === 'AwsIamReady') return deleting ? 'error revoking plugin' : 'error applying plugin';
  return condition === 'AccessReady' ? 'error updating Owner Rolebindi' : 'error updating namespace label';
}

/** The name of a declared metric. */
export type ProfileMetric = keyof typeof profileMetrics;
