import { type ReasonCode, reasonCodes } from '../identity/reason-codes.ts';

/** Label values by label name. */
export type MetricLabels = Readonly<Record<string, string>>;

/** One metric, declared beside the feature that counts it. */
export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Every label with all its values; a counter starts at zero for each. Absent values: open, not initialised (upstream's own metrics only). */
  readonly labels: Readonly<Record<string, readonly string[] | undefined>>;
  readonly buckets?: readonly number[];
  /** What the gauge of several workers is as one; default the sum. */
  readonly together?: 'sum' | 'min' | 'max';
}

const reasons = Object.keys(reasonCodes) as ReasonCode[];

/** podrole's metrics of admission, and those of the upstream webhook under their own names. */
export const webhookMetrics = {
  podrole_admission_decisions_total: {
    type: 'counter',
    help: 'Reviews by what became of them; the reason is the code of logs, warnings, audit annotations and Events.',
    labels: { reason: reasons },
  },
  podrole_admission_notes_total: {
    type: 'counter',
    help: 'Oddities met in service accounts, mapping entries and pods, by reason.',
    labels: { reason: reasons },
  },
  podrole_admission_duration_seconds: {
    type: 'histogram',
    help: 'Time from the complete request to its answer.',
    labels: {},
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  podrole_admission_direct_reads_total: {
    type: 'counter',
    help: 'Reads of single service accounts that the cache did not know, by outcome.',
    labels: { outcome: ['found', 'absent', 'failed', 'refused'] },
  },
  podrole_admission_service_accounts: {
    type: 'gauge',
    help: 'Service accounts known to the cache.',
    together: 'min',
    labels: {},
  },
  podrole_admission_config_valid: {
    type: 'gauge',
    help: 'Whether the last text of a source was good: 1 yes, 0 the last good one is in use.',
    together: 'min',
    labels: { source: ['config-map', 'container-credentials'] },
  },
  podrole_admission_bindings: {
    type: 'gauge',
    help: 'Entries in use of each source beside the service accounts.',
    together: 'min',
    labels: { source: ['config-map', 'container-credentials'] },
  },
  podrole_admission_ready: {
    type: 'gauge',
    help: 'Whether the webhook is ready: caches synced and not draining.',
    together: 'min',
    labels: {},
  },
  podrole_admission_certificate_expiry_seconds: {
    type: 'gauge',
    help: 'When the serving certificate ends, in seconds since 1970.',
    together: 'min',
    labels: {},
  },
  podrole_admission_dropped_connections_total: {
    type: 'counter',
    help: 'Connections that were shut as they came, because there were too many.',
    labels: {},
  },
  podrole_admission_failed_handshakes_total: {
    type: 'counter',
    help: 'Connections that ended before TLS stood: too slow, cut off, or not TLS. A storm of them is a lack of processor time.',
    labels: {},
  },
  podrole_admission_workers: {
    type: 'gauge',
    help: 'Processes that answer reviews; see --workers.',
    labels: {},
  },
  podrole_admission_worker_deaths_total: {
    type: 'counter',
    help: 'Workers that ended unasked and were replaced.',
    labels: {},
  },
  pod_identity_webhook_pod_count: {
    type: 'counter',
    help: 'Pods of bound service accounts by method (upstream name).',
    labels: { method: ['sts_web_identity', 'container_credentials'] },
  },
  pod_identity_webhook_missing_sa_count: {
    type: 'counter',
    help: 'Pods whose service account was not in the cache (upstream name).',
    labels: {},
  },
  pod_identity_webhook_used: {
    type: 'gauge',
    help: 'Set to 1 once a service account with a role has been seen (upstream name; upstream sets it for any service account).',
    together: 'max',
    labels: {},
  },
  http_request_count: {
    type: 'counter',
    help: 'Requests to /mutate (upstream name).',
    labels: { verb: undefined, path: undefined, code: undefined },
  },
  http_request_latencies: {
    type: 'histogram',
    help: 'Time of requests to /mutate in microseconds (upstream name and buckets).',
    labels: { verb: undefined, path: undefined },
    buckets: [125_000, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000],
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>;

export type WebhookMetric = keyof typeof webhookMetrics;
