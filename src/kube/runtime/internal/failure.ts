import { PodroleError } from '../../../base/errors.ts';

/** The HTTP status of a refusal by the API server, by the code that the client's error carries. */
export function statusOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof PodroleError) || thrown.code !== 'kube-api-refused') return undefined;
  const { status } = thrown.detail;
  return typeof status === 'number' ? status : undefined;
}

/** 410: the resourceVersion or continue token is older than what the server remembers. */
export function isGone(thrown: unknown): boolean {
  return statusOf(thrown) === 410;
}

/** Milliseconds that the other side asked to wait, where it did. */
export function askedDelay(thrown: unknown): number | undefined {
  return thrown instanceof PodroleError && thrown.retry === 'after' ? thrown.retryAfterMs : undefined;
}
