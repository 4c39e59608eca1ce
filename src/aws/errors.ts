import { PodroleError } from '../base/errors.ts';

/**
 * AWS refused a call. `awsCode` is the wire's own code (`NoSuchEntity`, `AccessDenied`, `LimitExceeded`, …).
 * Throttling and 5xx are worth another try (`retry: 'backoff'`), everything else is not.
 */
export class AwsRefusal extends PodroleError {
  override readonly name = 'AwsRefusal';
  readonly awsCode: string;
  readonly httpStatus: number;

  constructor(
    call: string,
    refusal: { readonly awsCode: string; readonly message: string; readonly httpStatus: number; readonly cause: unknown },
  ) {
    const again = refusal.httpStatus >= 500 || THROTTLING.has(refusal.awsCode) || CONCURRENT.has(refusal.awsCode);
    super(`${call}: ${refusal.awsCode}: ${refusal.message}`, {
      code: 'aws-refused',
      retry: again ? 'backoff' : 'never',
      detail: { call, awsCode: refusal.awsCode, httpStatus: refusal.httpStatus },
      cause: refusal.cause,
    });
    this.awsCode = refusal.awsCode;
    this.httpStatus = refusal.httpStatus;
  }
}

/** No answer that can be trusted came from AWS: the outcome of a write is unknown. */
export class AwsUnreachable extends PodroleError {
  override readonly name = 'AwsUnreachable';

  constructor(call: string, cause: unknown) {
    super(`${call}: no answer from AWS: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'aws-unreachable',
      retry: 'backoff',
      detail: { call },
      hint: 'check the region, the endpoint and the network',
      cause,
    });
  }
}

/** The SDK's chain holds no credentials that work: no call was made. */
export class AwsCredentialsMissing extends PodroleError {
  override readonly name = 'AwsCredentialsMissing';

  constructor(call: string, cause: Error) {
    super(`${call}: no AWS credentials: ${cause.message}`, {
      code: 'aws-credentials-missing',
      detail: { call },
      hint: 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows whom they stand for',
      cause,
    });
  }
}

const THROTTLING: ReadonlySet<string> = new Set(['Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequestsException']);
const CONCURRENT: ReadonlySet<string> = new Set(['ConcurrentModification', 'ConcurrentModificationException']);

/** Codes that mean "there is no such thing" at IAM and EKS. */
const ABSENT: ReadonlySet<string> = new Set(['NoSuchEntity', 'NoSuchEntityException', 'ResourceNotFoundException']);

/** Whether AWS said that the thing asked for does not exist. */
export function isAbsent(error: unknown): boolean {
  return error instanceof AwsRefusal && ABSENT.has(error.awsCode);
}

/** Whether AWS said that a thing of that name exists already. */
export function isTaken(error: unknown): boolean {
  return error instanceof AwsRefusal && (error.awsCode === 'EntityAlreadyExists' || error.awsCode === 'EntityAlreadyExistsException');
}

const DENIED: ReadonlySet<string> = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);

/** The action that the caller may not call (`iam:CreateRole`), when that is why AWS refused. */
export function deniedAction(error: unknown): string | undefined {
  if (!(error instanceof AwsRefusal) || !DENIED.has(error.awsCode)) return undefined;
  return String(error.detail.call ?? '').split(' ')[0];
}

interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function isSdkError(thrown: unknown): thrown is SdkError {
  return thrown instanceof Error && '$metadata' in thrown;
}

/** Runs one call of the SDK and names what went wrong: `AwsRefusal`, `AwsUnreachable`, `AwsCredentialsMissing`, or the signal's reason. */
export async function awsCall<T>(call: string, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (signal?.aborted) throw signal.reason;
    // The SDK's chain found nothing, or what it found does not work: no call was made.
    if (thrown instanceof Error && thrown.name === 'CredentialsProviderError') throw new AwsCredentialsMissing(call, thrown);
    const httpStatus = isSdkError(thrown) ? thrown.$metadata?.httpStatusCode : undefined;
    if (!isSdkError(thrown) || httpStatus === undefined || httpStatus < 400) throw new AwsUnreachable(call, thrown);
    throw new AwsRefusal(call, { awsCode: thrown.Code ?? thrown.name, message: thrown.message, httpStatus, cause: thrown });
  }
}
