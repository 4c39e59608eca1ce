import type { JsonObject } from '../base/json.ts';
import { decodeBase64url } from './internal/base64url.ts';
import { readJsonObject } from './internal/read-json.ts';

/** Characters of the longest token that STS takes (`WebIdentityToken` of AssumeRoleWithWebIdentity). */
export const TOKEN_MAX_LENGTH = 20_000;

/** Levels of JSON in a header or in claims; a service account token has three. */
const MAX_DEPTH = 64;

/** Why a text is not a token. */
export type DecodeReason = 'token-too-long' | 'token-not-compact' | 'token-not-base64url' | 'token-not-utf8' | 'token-not-json-object';

/** A token that was read and **not verified**: nothing in it may be believed yet. */
export interface DecodedToken {
  /** The token without white space around it: exactly what was signed, and the signature. */
  readonly compact: string;
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** JSON pointers, below `/header` or `/claims`, of members that stand there twice. The last one is in `header` and `claims`. */
  readonly duplicates: readonly string[];
  /** Whether ASCII white space was taken off either end: a file's last newline, most often. */
  readonly trimmed: boolean;
}

/** What {@link decodeToken} found. `message` names the part that is wrong and shows nothing of it. */
export type TokenDecoding =
  | { readonly ok: true; readonly token: DecodedToken }
  | { readonly ok: false; readonly reason: DecodeReason; readonly message: string };

/**
 * Reads a JWS in compact serialisation (RFC 7515, section 7.1) that carries JSON claims (RFC 7519), **without verifying it**.
 *
 * Strict where leniency has been exploited: the length is bounded before anything is split, there are exactly two dots, each part is
 * canonical unpadded base64url, header and claims are UTF-8 and JSON objects of bounded depth. Never throws.
 */
export function decodeToken(text: string): TokenDecoding {
  if (text.length > TOKEN_MAX_LENGTH) {
    return refuse('token-too-long', `token has ${text.length} characters; the longest that is read has ${TOKEN_MAX_LENGTH}`);
  }
  const compact = trimAsciiSpace(text);
  const first = compact.indexOf('.');
  const second = compact.indexOf('.', first + 1);
  if (first < 0 || second < 0 || compact.indexOf('.', second + 1) >= 0) {
    return refuse('token-not-compact', 'token must have three parts: header, claims and signature, with a dot between them');
  }
  const header = readPart('header', compact.slice(0, first));
  if (!header.ok) return header;
  const claims = readPart('claims', compact.slice(first + 1, second));
  if (!claims.ok) return claims;
  if (decodeBase64url(compact.slice(second + 1)) === undefined) return notBase64url('signature');
  return {
    ok: true,
    token: {
      compact,
      header: header.value,
      claims: claims.value,
      duplicates: [...header.duplicates, ...claims.duplicates],
      trimmed: compact.length !== text.length,
    },
  };
}

type Refusal = Extract<TokenDecoding, { ok: false }>;
type Part = { readonly ok: true; readonly value: JsonObject; readonly duplicates: readonly string[] };

function readPart(name: 'header' | 'claims', encoded: string): Part | Refusal {
  const bytes = decodeBase64url(encoded);
  if (bytes === undefined) return notBase64url(name);
  const text = decodeUtf8(bytes);
  if (text === undefined) return refuse('token-not-utf8', `token ${name} is not UTF-8 text`);
  const read = readJsonObject(text, { maxDepth: MAX_DEPTH });
  if (!read.ok) return refuse('token-not-json-object', `token ${name} ${read.problem}`);
  return { ok: true, value: read.value, duplicates: read.duplicates.map((path) => `/${name}${path}`) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function trimAsciiSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isAsciiSpace(text.charCodeAt(start))) start++;
  while (end > start && isAsciiSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isAsciiSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}

function notBase64url(part: string): Refusal {
  return refuse('token-not-base64url', `token ${part} is not unpadded base64url`);
}

function refuse(reason: DecodeReason, message: string): Refusal {
  return { ok: false, reason, message };
}
