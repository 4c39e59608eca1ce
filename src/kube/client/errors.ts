import { messageOf, PodroleError } from '../../base/errors.ts';
import type { Status } from '../core/status.ts';

/** The API server refused: `code` is its HTTP status, `status` its body. */
export class KubeApiError extends PodroleError {
  override readonly name = 'KubeApiError';
  readonly httpStatus: number;
  readonly status: Status;

  constructor(request: string, status: Status, httpStatus: number, retryAfterSeconds?: number) {
    const again = httpStatus === 429 || httpStatus >= 500 || httpStatus === 409;
    super(`${request}: ${status.message ?? status.reason ?? `HTTP ${httpStatus}`}`, {
      code: 'kube-api-refused',
      retry: retryAfterSeconds !== undefined ? 'after' : again ? 'backoff' : 'never',
      ...(retryAfterSeconds === undefined ? {} : { retryAfterMs: retryAfterSeconds * 1000 }),
      detail: { status: httpStatus, reason: status.reason ?? '' },
    });
    this.httpStatus = httpStatus;
    this.status = status;
  }
}

/** No answer came: refused, reset, timed out or not HTTP. The outcome of a write is unknown. */
export class KubeTransportError extends PodroleError {
  override readonly name = 'KubeTransportError';

  constructor(request: string, cause: unknown) {
    super(`${request}: no answer from the API server (${messageOf(cause)})`, { code: 'kube-api-unreachable', retry: 'backoff', cause });
  }
}

/** No way to authenticate could be made of what was given (`kube-credentials-invalid`): a kubeconfig, a service account mount, an exec plugin. */
export class CredentialsError extends PodroleError {
  override readonly name = 'CredentialsError';

  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { code: 'kube-credentials-invalid', ...options });
  }
}
