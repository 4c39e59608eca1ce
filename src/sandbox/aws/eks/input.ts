import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { AwsError } from '../errors.ts';

/** What an EKS request says, in its three places. */
export interface EksInput {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  /** The region that was asked: the scope of the signature, since one port answers for all. */
  readonly region: string;
}

/** 400 of EKS for a value it does not like. */
export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', 400, message, { reason: 'request-invalid' });
}

/** 404 of EKS. */
export function resourceNotFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', 404, message);
}

/** The request's JSON object; no body is an empty one. */
export function jsonBody(body: Uint8Array): JsonObject {
  if (body.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (isJsonObject(parsed)) return parsed;
  } catch (cause) {
    throw new AwsError('SerializationException', 400, 'The request body is not JSON.', { reason: 'request-invalid', cause });
  }
  throw new AwsError('SerializationException', 400, 'The request body is not a JSON object.', { reason: 'request-invalid' });
}

/** A required text member of the body. */
export function requiredText(body: JsonObject, member: string): string {
  const value = body[member];
  if (typeof value !== 'string' || value === '') throw invalidParameter(`${member} is required and must be text.`);
  return value;
}

/** Tags of a body: texts by key. */
export function tagsOf(body: JsonObject): Readonly<Record<string, string>> {
  const { tags } = body;
  if (tags === undefined || tags === null) return {};
  if (!isJsonObject(tags)) throw invalidParameter('tags must be an object of texts.');
  const entries = Object.entries(tags).map(([key, value]): [string, string] => {
    if (typeof value !== 'string') throw invalidParameter('tags must be an object of texts.');
    return [key, value];
  });
  if (entries.length > 50) throw invalidParameter('Too many tags: at most 50 are allowed.');
  return Object.fromEntries(entries);
}

/** One page of `items` by EKS's `maxResults` (1 to 100, default 100) and `nextToken`. */
export function pageOf<T>(
  items: readonly T[],
  query: URLSearchParams,
): { readonly shown: readonly T[]; readonly nextToken: string | null } {
  const given = query.get('maxResults');
  const size = given === null ? 100 : Number(given);
  if (!Number.isInteger(size) || size < 1 || size > 100) throw invalidParameter('maxResults must be between 1 and 100.');
  const token = query.get('nextToken');
  const start = token === null ? 0 : Number(Buffer.from(token, 'base64').toString('utf8'));
  if (!Number.isInteger(start) || start < 0) throw invalidParameter('nextToken is invalid.');
  const end = start + size;
  return { shown: items.slice(start, end), nextToken: end < items.length ? Buffer.from(String(end)).toString('base64') : null };
}
