import { type ReasonCode, reasonCodes } from '../../identity/reason-codes.ts';
import type { CredentialMethod } from '../../identity/token-volume.ts';
import type { Decision } from '../decide.ts';
import type { MetricLabels } from '../metrics.data.ts';
import type { WebhookDeps } from '../ports.ts';
import type { PodRef } from '../scan.ts';
import { expiringCache } from './expiring-cache.ts';

/** The same Event about the same ServiceAccount is sent again after this long, in milliseconds. */
const EVENT_REPEAT_MS = 600_000;
const REMEMBERED_EVENTS = 10_000;

const UPSTREAM_METHOD: Readonly<Record<CredentialMethod, MetricLabels>> = {
  'web-identity': { method: 'sts_web_identity' },
  'container-credentials': { method: 'container_credentials' },
};

/** Unbound pods of which somebody must hear. */
const REPORTED: ReadonlySet<ReasonCode> = new Set(['EmptyRole', 'RefusedRole', 'ServiceAccountNotFound', 'UndecodablePod']);
/** Reasons of which the ServiceAccount's owner must hear. */
const TOLD: ReadonlySet<ReasonCode> = new Set(['EmptyRole', 'RefusedRole']);

/** Says of each review what became of it: metric, log line and Event carry the same reason code. */
export interface Reporter {
  decided(ref: PodRef, decision: Decision): void;
  failed(reason: ReasonCode, fields: { readonly ref?: PodRef; readonly error: string }): void;
}

type ReporterDeps = Pick<WebhookDeps, 'clock' | 'log' | 'metrics' | 'recordEvent' | 'onDecision'>;

const labelsOf = new Map<ReasonCode, MetricLabels>((Object.keys(reasonCodes) as ReasonCode[]).map((reason) => [reason, { reason }]));

export function createReporter(deps: ReporterDeps): Reporter {
  const { clock, log, metrics } = deps;
  const sent = expiringCache<true>(clock, { max: REMEMBERED_EVENTS, ttlMs: EVENT_REPEAT_MS });

  function tell(ref: PodRef, reason: ReasonCode, message: string): void {
    const key = `${ref.namespace}/${ref.serviceAccount}/${reason}`;
    // The webhook is declared free of side effects, which holds for dry runs to the letter.
    if (ref.dryRun || sent.has(key)) return;
    sent.set(key, true);
    deps.recordEvent({ namespace: ref.namespace, serviceAccount: ref.serviceAccount, type: 'Warning', reason, message });
  }

  return {
    decided: (ref, decision) => {
      const { reason, bound, notes, patch } = decision;
      metrics.increment('podrole_admission_decisions_total', labelsOf.get(reason));
      for (const note of notes) metrics.increment('podrole_admission_notes_total', labelsOf.get(note.reason));
      if (bound !== undefined) metrics.increment('pod_identity_webhook_pod_count', UPSTREAM_METHOD[bound.method]);
      const odd = notes.length > 0 || REPORTED.has(reason);
      const fields = {
        reason,
        namespace: ref.namespace,
        serviceAccount: ref.serviceAccount,
        pod: ref.displayName,
        dryRun: ref.dryRun,
        method: bound?.method,
        origin: bound?.origin,
        operations: patch?.operations.length,
        notes: odd ? [...new Set(notes.map((note) => note.reason))] : undefined,
      };
      if (odd) log.warn('pod admitted', fields);
      else if (bound !== undefined) log.info('pod admitted', fields);
      else log.debug('pod admitted', fields);
      for (const note of notes) tell(ref, note.reason, note.message);
      if (TOLD.has(reason)) tell(ref, reason, reasonCodes[reason]);
      deps.onDecision?.(ref, decision);
    },
    failed: (reason, { ref, error }) => {
      metrics.increment('podrole_admission_decisions_total', labelsOf.get(reason));
      log.warn('review not decided', {
        reason,
        error,
        ...(ref === undefined ? {} : { namespace: ref.namespace, serviceAccount: ref.serviceAccount, pod: ref.displayName }),
      });
    },
  };
}
