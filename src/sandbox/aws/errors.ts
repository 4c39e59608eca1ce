import type { RefusalReason as TokenRefusalReason } from '../../oidc/refusals.data.ts';
import type { RefusalReason } from './decision-log.ts';

/** What the sandbox's AWS answers instead of a result, before a protocol gives it its shape. */
export interface AwsErrorOptions {
  /** The reason for the decision log; default: the wire code itself. Never sent to the caller. */
  readonly reason?: RefusalReason | TokenRefusalReason;
  /** A sentence for the decision log: what the wire text, which is AWS's, keeps to itself. */
  readonly why?: string;
  /** The evaluator's explanation, for the decision log. Built only when somebody reads it. */
  readonly explain?: () => unknown;
  /** Use this request id instead of a fresh one. */
  readonly requestId?: string;
  readonly cause?: unknown;
}

/** A refusal with AWS's own code, HTTP status and text. Thrown by handlers, turned into an answer once, at the edge of each protocol. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  readonly options: AwsErrorOptions;

  constructor(code: string, status: number, message: string, options: AwsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = status;
    this.options = options;
  }
}

/** 404 of IAM, with the text that names the kind of thing. */
export function noSuchEntity(message: string): AwsError {
  return new AwsError('NoSuchEntity', 404, message);
}

/** 400 of IAM and STS for a value that its constraints do not rule out, but the service does. */
export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', 400, message);
}

/** 409 of IAM: a quota is used up. */
export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceeded', 409, message);
}

/** 400 of IAM: a value that IAM reads and does not like. */
export function invalidInput(message: string): AwsError {
  return new AwsError('InvalidInput', 400, message);
}
