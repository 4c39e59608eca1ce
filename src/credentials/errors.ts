import { PodroleError, type PodroleErrorOptions } from '../base/errors.ts';

/** Why there are no credentials. Closed: events, state and errors carry the same codes. */
export const credentialCodes = {
  'credentials-not-configured': 'neither web identity nor EKS Pod Identity is configured',
  'credentials-config-invalid': 'an option or a variable is malformed',
  'token-file-unreadable': 'the token file does not exist or may not be read',
  'token-file-empty': 'the token file stayed empty',
  'token-too-long': 'the token file holds more than STS takes',
  'token-expired': 'the token in the file has expired; it was not sent',
  'token-audience-wrong': 'the token in the file is for somebody else than STS; it was not sent',
  'exchange-refused': 'AWS answered, and said no',
  'exchange-failed': 'no usable answer came: connection, time-out, throttling or a failure of AWS',
  'answer-unreadable': 'what came back is not an answer of AWS',
  'credentials-expired-on-arrival': 'AWS answered with credentials that have ended already',
} as const satisfies Readonly<Record<string, string>>;

export type CredentialCode = keyof typeof credentialCodes;

/** Why one attempt gave no credentials: a value, for who decides about the next one. */
export interface CredentialFailure {
  readonly code: CredentialCode;
  /** Lower case, names the object; never a token or a key. */
  readonly message: string;
  readonly hint?: string;
  /** `never`: the same attempt fails again until somebody changes something. */
  readonly retry: 'never' | 'backoff';
  /** What AWS asked for, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Whether AWS was asked at all. */
  readonly sent: boolean;
  /** AWS's own code, for example `AccessDenied`. */
  readonly awsCode?: string;
  readonly detail?: PodroleErrorOptions['detail'];
  readonly cause?: unknown;
}

/** There are no credentials; `code` says why. The SDK's `chain()` goes on to the next provider only where `tryNextLink` is true. */
export class CredentialsUnavailable extends PodroleError {
  override readonly name = 'CredentialsUnavailable';
  /** True only when nothing is configured and `strict` is off: a refusal never makes a program act as somebody else. */
  readonly tryNextLink: boolean;

  constructor(failure: CredentialFailure, options: { readonly tryNextLink?: boolean } = {}) {
    super(failure.message, {
      code: failure.code,
      retry: failure.retry,
      detail: { ...failure.detail, ...(failure.awsCode === undefined ? {} : { awsCode: failure.awsCode }) },
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
      ...(failure.cause === undefined ? {} : { cause: failure.cause }),
    });
    this.tryNextLink = options.tryNextLink ?? false;
  }
}
