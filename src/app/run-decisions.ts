import { createInterface } from 'node:readline/promises';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { messageOf, PodroleError } from '../base/errors.ts';
import type { TrustExplanation } from '../iam/explain-trust.ts';
import { renderExplanation } from '../iam/render-explanation.ts';
import type { Decision, DecisionFilter } from '../sandbox/aws/decision-log.ts';
import { DECISIONS_PATH } from './decisions-endpoint.ts';

export type { Decision, DecisionFilter } from '../sandbox/aws/decision-log.ts';

export interface DecisionsQuestion {
  /** URL of the sandbox's AWS endpoint. */
  readonly endpoint: string;
  readonly token: string;
  readonly filter: DecisionFilter;
  /** Go on with those to come, until the signal aborts. */
  readonly follow: boolean;
  readonly fetch?: typeof globalThis.fetch;
}

/** The decisions of a running sandbox, oldest first. Rejects with `sandbox-unreachable`, `sandbox-refused`, or the signal's reason. */
export async function* readDecisions(question: DecisionsQuestion, signal: AbortSignal): AsyncIterable<Decision> {
  const { endpoint, token, filter, follow, fetch = globalThis.fetch } = question;
  const wanted = Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const query = new URLSearchParams([...wanted, ...(follow ? [['follow', 'true']] : [])]);
  const unreachable = (cause: unknown): PodroleError =>
    new PodroleError(`no answer from the sandbox at ${endpoint}: ${causeOf(cause)}`, {
      code: 'sandbox-unreachable',
      hint: 'is it running? `podrole sandbox start` prints its endpoint',
      cause,
    });
  let response: Response;
  try {
    const headers = { authorization: `Bearer ${token}` };
    response = await fetch(new URL(`${DECISIONS_PATH}?${query}`, endpoint), { headers, signal, redirect: 'error' });
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(error);
  }
  if (!response.ok || response.body === null) {
    throw new PodroleError(`the sandbox at ${endpoint} refused its decision log with status ${response.status}`, {
      code: 'sandbox-refused',
      hint: 'give the token file that this very sandbox printed, with --token-file',
    });
  }
  const lines = createInterface({ input: Readable.fromWeb(response.body as NodeReadableStream), crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const text of lines) if (text !== '') yield JSON.parse(text) as Decision;
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(error);
  }
}

/** Reasons whose explanation is the trust policy evaluator's. */
const BY_TRUST_POLICY: ReadonlySet<string> = new Set(['trust-policy', 'tag-session-not-trusted', 'source-identity-not-trusted']);

/** Why a trust policy kept a caller out, the nearest miss and the smallest change, in sentences; none for other decisions. */
export function whyRefused(decision: Decision): readonly string[] {
  if (decision.explanation === undefined || !BY_TRUST_POLICY.has(decision.reason)) return [];
  return renderExplanation(decision.explanation as TrustExplanation);
}

/** What `fetch` hides behind "fetch failed". */
function causeOf(thrown: unknown): string {
  return messageOf(thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown);
}
