import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { VERSION } from '../../base/version.ts';
import type { CredentialFailure } from '../errors.ts';
import type { CredentialFetch } from '../fetch.ts';
import { readBody } from './read-body.ts';

/** An HTTP answer, or the failure to get one. */
export type AwsReply =
  | {
      readonly ok: true;
      readonly status: number;
      readonly body: string;
      readonly retryAfterMs: number | undefined;
      readonly skewMs: number;
    }
  | { readonly ok: false; readonly failure: CredentialFailure };

export interface AwsQuestion {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Who is asked for what, for messages. */
  readonly what: string;
  readonly background: boolean;
}

export interface AwsAccess {
  readonly fetch: CredentialFetch;
  readonly clock: Clock;
  /** Times a request out. Does not keep the process alive by itself: who waits has the connection for that. */
  readonly deadline: Clock['after'];
}

/** Milliseconds until an unanswered request is given up. */
const TIMEOUT_MS = 10_000;
/** Skew below this is the network's and the header's whole seconds, not a clock's. */
const SKEW_THRESHOLD_MS = 30_000;

/** Sends one request and reads its bounded answer. Rejects only with the signal's reason. */
export async function askAws(question: AwsQuestion, { fetch, clock, deadline }: AwsAccess, signal: AbortSignal): Promise<AwsReply> {
  const { url, method, headers, body, what, background } = question;
  const unanswered = (message: string, cause?: unknown): AwsReply => ({
    ok: false,
    failure: {
      code: 'exchange-failed',
      message: `${what}: ${message}`,
      retry: 'backoff',
      sent: true,
      ...(cause === undefined ? {} : { cause }),
    },
  });
  const timeout = new AbortController();
  const timer = deadline(TIMEOUT_MS, () => timeout.abort());
  try {
    const asked = clock.now().getTime();
    const response = await fetch(url, {
      method,
      headers: { 'user-agent': `podrole/${VERSION}`, ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout.signal]),
      ...(background ? { background } : {}),
    });
    const text = await readBody(response);
    if (text === undefined)
      return {
        ok: false,
        failure: { code: 'answer-unreadable', message: `${what}: the answer is too long or not UTF-8`, retry: 'backoff', sent: true },
      };
    const answered = clock.now().getTime();
    return {
      ok: true,
      status: response.status,
      body: text,
      retryAfterMs: retryAfter(response.headers.get('retry-after'), answered),
      skewMs: skewOf(response.headers.get('date'), (asked + answered) / 2),
    };
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    return timeout.signal.aborted
      ? unanswered(`no answer within ${TIMEOUT_MS / 1000} s`)
      : unanswered(`no answer (${messageOf(cause)})`, cause);
  } finally {
    timer.cancel();
  }
}

/** RFC 9110, section 10.2.3: seconds or a date. */
function retryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d{1,6}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return ms > 0 ? ms : undefined;
}

function skewOf(date: string | null, nowMs: number): number {
  const skew = date === null ? Number.NaN : Date.parse(date) - nowMs;
  return Math.abs(skew) >= SKEW_THRESHOLD_MS ? Math.round(skew) : 0;
}
