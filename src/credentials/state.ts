import type { CredentialCode } from './errors.ts';

/** A look at the credentials of one identity, without any secret. Times are this machine's. */
export interface CredentialState {
  readonly source: 'web-identity' | 'pod-identity' | 'assumed-role';
  readonly roleArn: string | undefined;
  /** What is held now; absent before the first success and after the end. */
  readonly held: { readonly obtained: Date; readonly expiration: Date; readonly nextRefresh: Date } | undefined;
  readonly lastSuccess: Date | undefined;
  readonly lastFailure:
    | { readonly at: Date; readonly code: CredentialCode; readonly awsCode: string | undefined; readonly message: string }
    | undefined;
  /** In a row; 0 after a success. */
  readonly failures: number;
  /** Times AWS was asked since the process started. */
  readonly exchanges: number;
  readonly inFlight: boolean;
}
