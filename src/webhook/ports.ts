import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ReasonCode } from '../identity/reason-codes.ts';
import type { ObjectMeta } from '../kube/core/object.ts';
import type { AccountSettings } from './account-settings.ts';
import type { Decision } from './decide.ts';
import type { MappingText } from './mapping.ts';
import type { MetricLabels, WebhookMetric } from './metrics.data.ts';
import type { PodRef } from './scan.ts';

/**
 * The live copy of all ServiceAccounts, by `namespace/name`: an informer's store whose transform is the webhook's `keep`.
 * `get` gives what was kept, `has` also knows of those of which nothing was kept.
 */
export interface ServiceAccountView {
  get(key: string): AccountSettings | undefined;
  has(key: string): boolean;
  readonly size: number;
}

/** A ServiceAccount as a direct read gives it; only metadata is looked at. */
export interface ServiceAccountObject {
  readonly metadata: ObjectMeta;
}

/** Something to tell the owner of a ServiceAccount. */
export interface ServiceAccountEvent {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly type: 'Warning';
  readonly reason: ReasonCode;
  readonly message: string;
}

/** Where the webhook's figures go. Names and labels are those declared in the metrics table. */
export interface WebhookMetrics {
  increment(metric: WebhookMetric, labels?: MetricLabels): void;
  set(metric: WebhookMetric, value: number, labels?: MetricLabels): void;
  observe(metric: WebhookMetric, value: number, labels?: MetricLabels): void;
}

/** What the webhook needs from the world. */
export interface WebhookDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  readonly serviceAccounts: ServiceAccountView;
  /** Reads one ServiceAccount from the API itself; `undefined` when it does not exist. */
  readonly readServiceAccount: (namespace: string, name: string, signal: AbortSignal) => Promise<ServiceAccountObject | undefined>;
  /** Reads the mapping ConfigMap from the API itself; needed where `mapping` is on. */
  readonly readMapping?: (signal: AbortSignal) => Promise<MappingText>;
  /** Reads the container credentials file; `undefined` when it does not exist. Needed where `containerCredentials` is on. */
  readonly readIdentities?: (signal: AbortSignal) => Promise<string | undefined>;
  /** Must not throw and must not wait: it is called on the way to an answer. Never called for a dry run. */
  readonly recordEvent: (event: ServiceAccountEvent) => void;
  readonly metrics: WebhookMetrics;
  /** Why reviews should not come here now for a reason that lies outside of the webhook, such as its certificate; `undefined`: they may. */
  readonly unready?: () => string | undefined;
  /** Told of every decision after its answer was made, for tests and consoles. Must not throw. */
  readonly onDecision?: (ref: PodRef, decision: Decision) => void;
}
