import { flag } from '../request/query.ts';
import { jsonText } from './json-text.ts';

/** Programs behind which people read. */
const PEOPLE = /^(?:curl|Wget|Mozilla\/5\.0)/;

/** The two documents that are always indented. */
const ABOUT_THE_SERVER = /^https?:\/\/[^/]+\/(?:version\/?)?(?:\?|$)/;

/**
 * Whether JSON is wanted with line breaks: the query says so by `pretty`, the Accept header by its parameter of that name, and browsers, curl and
 * Wget are taken to want it. Not so for a stream, nor for the large documents about the API itself.
 */
export function wantsIndent(request: Request): boolean {
  const [accept, agent] = [request.headers.get('accept') ?? '', request.headers.get('user-agent') ?? ''];
  // Nearly every request ends here.
  if (!request.url.includes('pretty') && !accept.includes('pretty') && !PEOPLE.test(agent) && !ABOUT_THE_SERVER.test(request.url))
    return false;
  const { pathname, searchParams } = new URL(request.url);
  if (flag(searchParams, 'watch') || /^\/(?:openapi|openid|\.well-known)\//.test(pathname)) return false;
  if (request.method === 'GET' && ABOUT_THE_SERVER.test(request.url)) return true;
  if (/;\s*pretty=(?:1|true)\b/.test(accept)) return true;
  const given = searchParams.get('pretty');
  if (given) return /^(?:1|t|true)$/i.test(given);
  return PEOPLE.test(agent);
}

/** The same response with its JSON indented, without the line end that the short form has. */
export async function indented(response: Response): Promise<Response> {
  const { status, headers } = response;
  if (headers.get('content-type') !== 'application/json') return response;
  return new Response(jsonText(JSON.parse(await response.text()), 2), { status, headers });
}
