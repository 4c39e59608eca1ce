import type { ReasonCode } from '../identity/reason-codes.ts';
import type { Refusal } from './scan.ts';

/** An HTTP answer. */
export interface WebhookResponse {
  readonly status: number;
  readonly contentType: string;
  /** A text is sent as UTF-8. */
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Upstream's body for a review without a request, letter for letter. */
const BAD_CONTENT = '{"response":{"uid":"","allowed":false,"status":{"metadata":{},"message":"bad content"}}}';

/** An answer in plain text. */
export function textResponse(status: number, text: string, headers?: Readonly<Record<string, string>>): WebhookResponse {
  return { status, contentType: TEXT_TYPE, body: text, ...(headers === undefined ? {} : { headers }) };
}

/** A review. */
export function reviewResponse(body: string): WebhookResponse {
  return { status: 200, contentType: JSON_TYPE, body };
}

/** An answer that is no review, so that the API server's failure policy decides. */
export function failureResponse(status: number, reason: ReasonCode, message: string): WebhookResponse {
  return { status, contentType: JSON_TYPE, body: `${JSON.stringify({ reason, message })}\n` };
}

/** What a refused body is answered. */
export function refusalResponse({ reason, message }: Refusal): WebhookResponse {
  switch (reason) {
    case 'NoRequest':
      return reviewResponse(BAD_CONTENT);
    case 'BodyTooLarge':
      return failureResponse(413, reason, message);
    default:
      return failureResponse(400, reason, message);
  }
}

/** Upstream's answer to a query that Go's url.ParseQuery refuses. */
export const malformedQuery: WebhookResponse = {
  status: 400,
  contentType: JSON_TYPE,
  body: '{"error": "error parsing form"}\n',
};

/** Upstream's answer to any content type but the exact one. */
export const wrongContentType: WebhookResponse = textResponse(415, 'Invalid Content-Type, expected `application/json`\n');

export const notFound: WebhookResponse = textResponse(404, '404 page not found\n');

/** Whether Go's url.ParseQuery takes a query: no bare semicolon, and two hex digits after each percent sign. */
export function isWellFormedQuery(query: string): boolean {
  return !query.includes(';') && !/%(?![0-9A-Fa-f]{2})/.test(query);
}
