import { DISCOVERY_PATH, discoveryDocument } from '../../oidc/discovery.ts';
import { keySetDocument, type PublicJwk } from '../../oidc/key-set.ts';

export interface IssuerHandlerOptions {
  /** As tokens carry it: an https URL without a port. */
  readonly issuer: string;
  /** The keys published at the moment of a request; at least one. */
  readonly keys: () => readonly PublicJwk[];
  /** Seconds for which readers may keep both documents; default 3600, as Kubernetes has for static keys. */
  readonly cacheSeconds?: number;
}

/** Serves one request; never rejects. */
export type IssuerHandler = (request: Request) => Promise<Response>;

const DEFAULT_CACHE_SECONDS = 3600;

/**
 * An OpenID Connect issuer as EKS runs one for a cluster: the discovery document, and the key set at `<issuer>/keys`, both public and
 * cacheable. A request for another host than the issuer's is misdirected (421), so a page in a browser that was pointed at the listener by
 * a name of its own reads nothing; other paths are 404, other methods than GET and HEAD 405.
 */
export function issuerHandler({ issuer, keys, cacheSeconds = DEFAULT_CACHE_SECONDS }: IssuerHandlerOptions): IssuerHandler {
  const { host, pathname } = new URL(issuer);
  const base = pathname.replace(/\/$/, '');
  const jwksUri = `https://${host}${base}/keys`;
  const cacheControl = `public, max-age=${cacheSeconds}`;

  const document = (path: string): { readonly type: string; readonly body: string } | undefined => {
    if (path === `${base}${DISCOVERY_PATH}`) {
      const discovery = discoveryDocument({ issuer, jwksUri, algorithms: keys().map(({ alg }) => alg) });
      return { type: 'application/json', body: JSON.stringify(discovery) };
    }
    if (path === `${base}/keys`) return { type: 'application/jwk-set+json', body: JSON.stringify(keySetDocument(keys())) };
    return undefined;
  };

  return async (request) => {
    const url = new URL(request.url);
    if (!isHost(url.host, host) || !isHost(request.headers.get('host') ?? host, host))
      return plain(421, 'this listener serves its issuer alone');
    const found = document(url.pathname);
    if (found === undefined) return plain(404, 'not found');
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'method not allowed', { allow: 'GET, HEAD' });
    const headers = {
      'content-type': found.type,
      'cache-control': cacheControl,
      'content-length': String(new TextEncoder().encode(found.body).length),
    };
    return new Response(request.method === 'HEAD' ? null : found.body, { headers });
  };
}

/** Host names have no case; the port of https may be named. */
function isHost(given: string, expected: string): boolean {
  return given.toLowerCase().replace(/:443$/, '') === expected;
}

function plain(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers },
  });
}
