import type { Credentials } from '../credentials.ts';
import type { CredentialFailure } from '../errors.ts';
import type { StsEndpoint } from '../sts-endpoint.ts';
import { type AwsAccess, askAws } from './ask-aws.ts';
import { type IssuedCredentials, readStsAnswer } from './sts-answer.ts';

/** One call of the Query protocol to STS. */
export interface StsCall {
  readonly action: 'AssumeRoleWithWebIdentity' | 'AssumeRole';
  readonly parameters: Readonly<Record<string, string>>;
  readonly endpoint: StsEndpoint;
  /** Headers that prove who asks, given the body; absent where the token is the proof. */
  readonly sign?: (body: string) => Promise<Readonly<Record<string, string>>>;
  /** Texts that no message may show, whatever comes back. */
  readonly secrets: readonly string[];
  readonly background: boolean;
}

export type StsResult =
  | { readonly ok: true; readonly credentials: Credentials; readonly skewMs: number }
  | { readonly ok: false; readonly failure: CredentialFailure };

/** The version of STS's API. */
const API_VERSION = '2011-06-15';
export const FORM = 'application/x-www-form-urlencoded; charset=utf-8';

/** Codes of AWS after which the same request may succeed (AssumeRoleWithWebIdentity's page; the SDKs' throttling codes). */
const PASSING = new Set([
  'IDPCommunicationError',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'TooManyRequestsException',
  'SlowDown',
  'PriorRequestNotComplete',
  'RequestTimeout',
  'InternalFailure',
  'InternalError',
  'ServiceUnavailable',
]);
/** AWS says this under `InvalidIdentityToken` when it could not fetch the issuer's keys in time. */
const KEY_RETRIEVAL = /verification key/;

/** Asks STS once. Rejects only with the signal's reason. */
export async function askSts(call: StsCall, access: AwsAccess, signal: AbortSignal): Promise<StsResult> {
  const { action, endpoint } = call;
  const body = new URLSearchParams({ Action: action, Version: API_VERSION, ...call.parameters }).toString();
  const what = `sts:${action} for ${call.parameters.RoleArn ?? ''} at ${new URL(endpoint.url).host}`;
  const reply = await askAws(
    {
      url: endpoint.url,
      method: 'POST',
      headers: { 'content-type': FORM, ...(await call.sign?.(body)) },
      body,
      what,
      background: call.background,
    },
    access,
    signal,
  );
  if (!reply.ok) return reply;
  const answer = readStsAnswer(action, reply.body);
  const retryAfterMs = reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs };
  if (answer.kind === 'credentials' && reply.status === 200)
    return { ok: true, credentials: toLocalClock(answer.credentials, reply.skewMs), skewMs: reply.skewMs };
  if (answer.kind === 'refusal') {
    const passing = reply.status >= 500 || reply.status === 429 || PASSING.has(answer.awsCode) || KEY_RETRIEVAL.test(answer.message);
    return {
      ok: false,
      failure: {
        code: passing ? 'exchange-failed' : 'exchange-refused',
        message: `${what}: ${answer.awsCode}: ${printable(answer.message, call.secrets)}`,
        retry: passing ? 'backoff' : 'never',
        sent: true,
        awsCode: answer.awsCode,
        detail: { status: reply.status },
        ...retryAfterMs,
      },
    };
  }
  // A gateway's page, or a redirect: what stands there is nobody's business, the status is.
  const problem = answer.kind === 'unreadable' ? answer.problem : 'it holds credentials';
  return {
    ok: false,
    failure: {
      code: reply.status === 200 ? 'answer-unreadable' : 'exchange-failed',
      message: `${what}: the answer (HTTP ${reply.status}) is not one of STS: ${problem}`,
      hint: 'does the endpoint belong to STS?',
      retry: 'backoff',
      sent: true,
      detail: { status: reply.status },
      ...retryAfterMs,
    },
  };
}

/** The same credentials with their end by this machine's clock. */
export function toLocalClock({ expiration, accountId, ...keys }: IssuedCredentials, skewMs: number): Credentials {
  return { ...keys, expiration: new Date(expiration.getTime() - skewMs), ...(accountId === undefined ? {} : { accountId }) };
}

/** A foreign text for a message: one line, bounded, without the secrets that a strange endpoint might echo. */
export function printable(text: string, secrets: readonly string[]): string {
  const shown = secrets.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
  return shown.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, 1_000);
}
