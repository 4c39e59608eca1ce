import type { CredentialCode } from './errors.ts';

/** Why AWS was asked: nothing held yet, the early window, nothing usable left, or a caller who insisted. */
export type ExchangeReason = 'first' | 'early' | 'expired' | 'forced';

/** What happened to the credentials of one identity. Times are this machine's. No event holds a token or a key. */
export type CredentialEvent = { readonly at: Date; readonly roleArn: string | undefined } & (
  | {
      readonly type: 'exchanged';
      readonly reason: ExchangeReason;
      readonly durationMs: number;
      readonly expiration: Date;
      readonly nextRefresh: Date;
    }
  | {
      readonly type: 'exchange-failed';
      readonly reason: ExchangeReason;
      readonly durationMs: number;
      readonly code: CredentialCode;
      readonly awsCode?: string;
      readonly message: string;
      /** Not before this the next attempt is made. */
      readonly nextAttempt: Date;
      /** Until then callers notice nothing. */
      readonly usableUntil?: Date;
    }
  /** AWS's clock less this machine's, in milliseconds; credentials are counted by AWS's. */
  | { readonly type: 'clock-skew'; readonly skewMs: number }
  /** The token had expired by up to five minutes, which AWS still takes: the file is not being renewed. */
  | { readonly type: 'token-stale'; readonly file: string; readonly expired: Date }
  /** The token could not be read as a JWT; it was sent as it is. */
  | { readonly type: 'token-undecodable'; readonly file: string; readonly message: string }
  /** The file now holds a token of somebody else: what was held for the former one is dropped. */
  | { readonly type: 'identity-changed' }
);

/** Told of every event, synchronously. What it throws becomes a process warning. */
export type CredentialObserver = (event: CredentialEvent) => void;
