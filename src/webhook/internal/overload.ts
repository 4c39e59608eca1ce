import { failureResponse, type WebhookResponse } from '../http.ts';
import type { WebhookDeps } from '../ports.ts';

/** What there is too much of. */
export type OverloadLimit = 'waiting-requests' | 'held-bytes' | 'connections';

/** Says so no more often than this, in milliseconds: a flood of requests is not to become one of lines. */
const SAY_AGAIN_MS = 1_000;

/** Counts and tells what is turned away. */
export interface Overload {
  /** The answer to a review that is turned away, so that the API server's failure policy decides at once instead of after its timeout. */
  refuse(limit: OverloadLimit): WebhookResponse;
  /** A connection that was shut as it came. */
  drop(): void;
}

export function createOverload({ clock, log, metrics }: Pick<WebhookDeps, 'clock' | 'log' | 'metrics'>): Overload {
  let unsaid = 0;
  let saidAt = Number.NEGATIVE_INFINITY;

  function say(limit: OverloadLimit): void {
    unsaid += 1;
    const now = clock.monotonic();
    if (now - saidAt < SAY_AGAIN_MS) return;
    log.warn('turned away for overload', { reason: 'Overloaded', limit, count: unsaid });
    saidAt = now;
    unsaid = 0;
  }

  return {
    refuse: (limit) => {
      metrics.increment('podrole_admission_decisions_total', REASON);
      say(limit);
      const message = `the webhook has too much to do (${limit}), try again`;
      return { ...failureResponse(503, 'Overloaded', message), headers: { 'retry-after': '1' } };
    },
    drop: () => {
      metrics.increment('podrole_admission_dropped_connections_total');
      say('connections');
    },
  };
}

const REASON = { reason: 'Overloaded' };
