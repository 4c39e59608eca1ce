import { stringify as stringifyYaml } from 'yaml';
import { TextResponse } from '../../../base/text-response.ts';
import type { Wanted } from '../request/accept.ts';
import { sortMembers } from '../resources/canonical.ts';
import type { Refusal } from '../status/refusal.ts';
import { jsonText } from './json-text.ts';

const NO_CACHE = 'no-cache, private';

/** A JSON (or YAML) response with the warnings of the request as `Warning` headers. */
export function respond(
  code: number,
  body: unknown,
  options: { readonly wanted?: Wanted; readonly warnings?: readonly string[] } = {},
): Response {
  const yaml = options.wanted?.encoding === 'yaml';
  const headers = new Headers({ 'cache-control': NO_CACHE, 'content-type': yaml ? 'application/yaml' : 'application/json' });
  for (const warning of options.warnings ?? []) headers.append('warning', warningHeader(warning));
  const text = yaml ? yamlText(body) : `${jsonText(body)}\n`;
  return new TextResponse(text, { status: code, headers });
}

/** YAML as Go writes it: members sorted, lists not indented. */
function yamlText(body: unknown): string {
  return stringifyYaml(sortMembers(body), { aliasDuplicateObjects: false, indentSeq: false, version: '1.1' });
}

/** Text for the few paths that speak no JSON. */
export function respondText(code: number, text: string): Response {
  return new TextResponse(text, { status: code, headers: { 'cache-control': NO_CACHE, 'content-type': 'text/plain; charset=utf-8' } });
}

/** A Refusal as its response. The real one indents a 406, and repeats `retryAfterSeconds` in a header. */
export function respondRefusal(refusal: Refusal): Response {
  const { status, warnings } = refusal;
  const code = status.code ?? 500;
  const response = respond(code, status, { warnings });
  const retryAfter = status.details?.retryAfterSeconds;
  const headers = new Headers(response.headers);
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter));
  const text = code === 406 && !status.message?.includes('jwk-set') ? jsonText(status, 2) : `${jsonText(status)}\n`;
  return new TextResponse(text, { status: code, headers });
}

/**
 * RFC 7234 warning 299 with a quoted text. Header values are bytes: UTF-8 is written as it is, which `Headers` takes one byte at a time.
 */
function warningHeader(text: string): string {
  const quoted = `299 - "${text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replace(/[\r\n]+/g, ' ')}"`;
  return Array.from(new TextEncoder().encode(quoted), (byte) => String.fromCharCode(byte)).join('');
}
