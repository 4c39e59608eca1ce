import { flag } from '../request/query.ts';
import { jsonText } from './json-text.ts';

/** Programs behind which people read. */
const PEOPLE = /^(?:curl|Wget|Mozilla\/5\.0)/;

/**
 * Whether JSON is wanted with line breaks: the query says so by `pretty`, the Accept header by its parameter of that name, and browsers, curl and
 * Wget are taken to want it. Not so for a stream, nor for the large documents about the API itself.
 */
export function wantsIndent(request: Request): boolean {
  const { pathname, searchParams } = new URL(request.url);
  if (flag(searchParams, 'watch') || /^\/(?:openapi|openid|\.well-known)\//.test(pathname)) return false;
  if (request.method === 'GET' && (pathname === '/version' || pathname === '/')) return true;
  if (/;\s*pretty=(?:1|true)\b/.test(request.headers.get('accept') ?? '')) return true;
  const given = searchParams.get('pretty');
  if (given) return /^(?:1|t|true)$/i.test(given);
  return PEOPLE.test(request.headers.get('user-agent') ?? '');
}

/** The same response with its JSON indented, without the line end that the short form has. */
export async function indented(response: Response): Promise<Response> {
  const { status, headers } = response;
  if (headers.get('content-type') !== 'application/json') return response;
  return new Response(jsonText(JSON.parse(await response.text()), 2), { status, headers });
}
