import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { isStatus, type Status } from '../../../kube/core/status.ts';
import { failure } from '../status/refusal.ts';
import type { WebhookAnswer } from './webhook-call.ts';

/** What a webhook said, once it is known to be an answer to the question. */
export interface ReviewResponse {
  readonly allowed: boolean;
  /** Decoded JSON of the patch; undefined when there is none. */
  readonly patch: string | undefined;
  readonly patchType: string | undefined;
  readonly status: JsonObject | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

export type ReadResponse = { readonly ok: true; readonly response: ReviewResponse } | { readonly ok: false; readonly reason: string };

export interface ExpectedReview {
  readonly uid: string;
  readonly version: 'v1' | 'v1beta1';
  readonly mutating: boolean;
}

/** Reads and checks a webhook's answer; `reason` is what the API server says of a bad one. */
export function readResponse(answer: WebhookAnswer, expected: ExpectedReview): ReadResponse {
  if (answer.kind === 'failed') return notCalled(answer.reason);
  if (answer.status < 200 || answer.status > 206) return notCalled(httpFailure(answer.status, answer.body));
  if (answer.body === '') return notCalled(`0-length response with status code: ${answer.status} and content type: ${answer.contentType}`);
  const review = parsed(answer.body);
  if (!isJsonObject(review)) return notCalled(`couldn't get version/kind; json parse error: ${jsonProblem(answer.body)}`);
  if (isStatus(review) && review.status !== 'Success') return notCalled(review.message ?? 'unknown');
  return checkReview(review, expected);
}

function checkReview(review: JsonObject, { uid, version, mutating }: ExpectedReview): ReadResponse {
  const response = review.response;
  if (!isJsonObject(response)) return invalid('webhook response was absent');
  if (version === 'v1') {
    if (response.uid !== uid) return invalid(`expected response.uid="${uid}", got ${JSON.stringify(response.uid ?? '')}`);
    const apiVersion = typeof review.apiVersion === 'string' ? review.apiVersion : '';
    const kind = typeof review.kind === 'string' ? review.kind : '';
    const got = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
    const wanted = 'admission.k8s.io/v1, Kind=AdmissionReview';
    if (got !== wanted) return invalid(`expected webhook response of ${wanted}, got ${got}`);
  }
  const patch = response.patch;
  const patchType = response.patchType;
  const hasPatch = typeof patch === 'string' && patch !== '';
  const hasType = patchType !== undefined && patchType !== null;
  if (!mutating && hasPatch) return invalid('validating webhook may not return response.patch');
  if (!mutating && hasType) return invalid('validating webhook may not return response.patchType');
  if (version === 'v1' && hasPatch && !hasType) return invalid('webhook returned response.patch but not response.patchType');
  if (version === 'v1' && !hasPatch && hasType) return invalid('webhook returned response.patchType but not response.patch');
  const decoded = hasPatch ? fromBase64(patch) : undefined;
  if (hasPatch && decoded === undefined) return notCalled('illegal base64 data in response.patch');
  return {
    ok: true,
    response: {
      allowed: response.allowed === true,
      patch: decoded,
      patchType: typeof patchType === 'string' ? patchType : hasPatch ? 'JSONPatch' : undefined,
      status: isJsonObject(response.status) ? response.status : undefined,
      warnings: Array.isArray(response.warnings) ? response.warnings.filter((item): item is string => typeof item === 'string') : [],
      auditAnnotations: textsOf(response.auditAnnotations),
    },
  };
}

function notCalled(reason: string): ReadResponse {
  return { ok: false, reason: `failed to call webhook: ${reason}` };
}

function invalid(reason: string): ReadResponse {
  return { ok: false, reason: `received invalid webhook response: ${reason}` };
}

const HTTP_FAILURES = new Map([
  [400, 'the server rejected our request for an unknown reason'],
  [401, 'the server has asked for the client to provide credentials'],
  [404, 'the server could not find the requested resource'],
  [405, 'the server does not allow this method on the requested resource'],
  [409, 'the server reported a conflict'],
  [422, 'the server rejected our request due to an error in our request'],
  [429, 'the server has received too many requests and has asked us to try again later'],
  [503, 'the server is currently unable to handle the request'],
  [504, 'the server was unable to return a response in the time allotted, but may still be processing the request'],
]);

/** What is said of an HTTP failure: the message of a Status, else a text by its code (`NewGenericServerResponse`). */
function httpFailure(status: number, body: string): string {
  const document = parsed(body);
  if (isStatus(document) && document.message !== undefined) return document.message;
  const text = body.trim().slice(0, 2048) || 'unknown';
  if (status === 403 || status === 406 || status === 415) return text;
  const known = HTTP_FAILURES.get(status);
  if (known !== undefined) return known;
  if (status >= 500) return `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`;
  return `the server responded with the status code ${status} but did not return more information`;
}

/** The refusal of a request that a webhook denied: its own code, reason and details, and a message that names it. */
export function denial(webhookName: string, status: JsonObject | undefined): Status {
  const given = status ?? {};
  const { message, reason, details, code } = given;
  const told = typeof message === 'string' && message !== '' ? message : typeof reason === 'string' && reason !== '' ? reason : undefined;
  const denied = `admission webhook ${JSON.stringify(webhookName)} denied the request`;
  return failure(
    typeof code === 'number' && code >= 400 ? code : 400,
    told === undefined ? `${denied} without explanation` : `${denied}: ${told}`,
    {
      ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
      ...(isJsonObject(details) ? { details } : {}),
    },
  );
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function fromBase64(text: string): string | undefined {
  try {
    return new TextDecoder('utf-8').decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    // Not base64: the caller says so in the words of the API server.
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller says so in the words of the API server.
    return undefined;
  }
}

function jsonProblem(text: string): string {
  const first = text.trim().charAt(0);
  return `invalid character '${first}' looking for beginning of value`;
}
