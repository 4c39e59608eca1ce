import type { Credentials } from '../credentials.ts';
import type { CredentialFailure } from '../errors.ts';
import type { CredentialEvent } from '../events.ts';

/** What a source wants to be known beside its answer. */
export type SourceNotice =
  Extract<CredentialEvent, { readonly type: 'token-stale' | 'token-undecodable' }> extends infer Event
    ? Event extends unknown
      ? Omit<Event, 'at' | 'roleArn'>
      : never
    : never;

/** Credentials, or why not. `identity` is whose they are; absent where that could not be told. */
export type Attempt =
  | {
      readonly ok: true;
      readonly credentials: Credentials;
      readonly identity: string | undefined;
      /** AWS's clock less this machine's, in milliseconds; already taken off the expiration. */
      readonly skewMs: number;
    }
  | { readonly ok: false; readonly failure: CredentialFailure; readonly identity: string | undefined };

export interface AttemptOptions {
  /** Nobody waits: the process may end meanwhile. */
  readonly background: boolean;
  notice(notice: SourceNotice): void;
}

/** One way to credentials. An attempt asks AWS at most once per step, retries nothing and holds nothing. */
export interface CredentialSource {
  readonly kind: 'web-identity' | 'pod-identity' | 'assumed-role';
  /** The role whose credentials come; for EKS Pod Identity the association names it, elsewhere. */
  readonly roleArn: string | undefined;
  /** Rejects only with the signal's reason. */
  attempt(options: AttemptOptions, signal: AbortSignal): Promise<Attempt>;
}
