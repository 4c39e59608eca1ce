import { PodroleError } from '../base/errors.ts';
import type { ReasonCode } from '../identity/reason-codes.ts';

/** A fact that a decision needs could not be had; the API server's failure policy decides about the pod. */
export class LookupError extends PodroleError {
  override readonly name: string = 'LookupError';
  readonly reason: Extract<ReasonCode, 'ReadFailed' | 'TooManyReads'>;

  /** Codes: `webhook-read-failed`, `webhook-too-many-reads`. */
  constructor(reason: LookupError['reason'], message: string, cause?: unknown) {
    super(message, { code: reason === 'ReadFailed' ? 'webhook-read-failed' : 'webhook-too-many-reads', retry: 'backoff', cause });
    this.reason = reason;
  }
}
