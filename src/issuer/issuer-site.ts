import { parseDiscovery } from '../oidc/discovery.ts';
import { parseKeySet } from '../oidc/key-set.ts';
import { DISCOVERY_NAME } from './documents.ts';
import { privateMembers } from './key-defects.ts';

export interface IssuerSiteOptions {
  /** As tokens carry it. */
  readonly issuer: string;
  /** A document by its name below the issuer, now; `undefined` when there is none. */
  readonly read: (name: string) => Promise<string | undefined>;
  /** Seconds for which readers may keep both documents. */
  readonly cacheSeconds: number;
}

/** A document that may be shown, or why it may not. */
type Shown = { readonly ok: true; readonly type: string; readonly text: string } | { readonly ok: false; readonly problem: string };

export interface IssuerSite {
  /** Answers one request for a document. */
  handle(request: Request): Promise<Response>;
  /** What keeps the documents from being read; none when both are fit. */
  problems(): Promise<readonly string[]>;
}

/**
 * Serves published documents, as they are at the moment of a request. What is not a document of this issuer is never shown: 503, and
 * readers keep what they have. Another host is 421, another path 404, another method than GET and HEAD 405.
 */
export function createIssuerSite({ issuer, read, cacheSeconds }: IssuerSiteOptions): IssuerSite {
  const { host, pathname } = new URL(issuer);
  const base = `${pathname.replace(/\/$/, '')}/`;

  async function discovery(): Promise<Shown & { readonly jwksName?: string | undefined }> {
    const text = await read(DISCOVERY_NAME);
    if (text === undefined) return { ok: false, problem: `there is no ${DISCOVERY_NAME}; publish it first` };
    const parsed = parseDiscovery(text);
    if (!parsed.ok)
      return { ok: false, problem: `${DISCOVERY_NAME} is damaged: ${parsed.problems.map(({ message }) => message).join('; ')}` };
    if (parsed.document.issuer !== issuer) return { ok: false, problem: `${DISCOVERY_NAME} is of issuer ${parsed.document.issuer}` };
    const uri = new URL(parsed.document.jwks_uri);
    const jwksName = uri.host === host && uri.pathname.startsWith(base) ? uri.pathname.slice(base.length) : undefined;
    return { ok: true, type: 'application/json', text, jwksName };
  }

  async function keySet(name: string): Promise<Shown> {
    const text = await read(name);
    if (text === undefined) return { ok: false, problem: `there is no ${name}; publish it first` };
    const parsed = parseKeySet(text);
    if (!parsed.ok) return { ok: false, problem: `${name} is damaged: ${parsed.problems.map(({ message }) => message).join('; ')}` };
    // The reader drops private members, and what is shown is the text.
    const { keys } = JSON.parse(text) as { readonly keys: readonly object[] };
    if (keys.some((key) => privateMembers(key).length > 0))
      return { ok: false, problem: `${name} holds a private key, which is not shown; publish it anew with podrole issuer publish` };
    return { ok: true, type: 'application/jwk-set+json', text };
  }

  async function find(path: string): Promise<Shown | undefined> {
    if (!path.startsWith(base)) return undefined;
    const name = path.slice(base.length);
    const first = await discovery();
    if (name === DISCOVERY_NAME) return first;
    // Without a discovery document nobody can know where the keys are, and we do not guess.
    return first.ok && first.jwksName === name ? keySet(name) : undefined;
  }

  return {
    handle: async (request) => {
      const url = new URL(request.url);
      if (!isHost(request.headers.get('host') ?? url.host, host)) return plain(421, `this server shows the issuer ${host} alone`);
      const found = await find(url.pathname);
      if (found === undefined) return plain(404, 'not found');
      if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'method not allowed', { allow: 'GET, HEAD' });
      if (!found.ok) return plain(503, found.problem, { 'retry-after': '5' });
      const headers = {
        'content-type': found.type,
        'cache-control': `public, max-age=${cacheSeconds}`,
        'content-length': String(new TextEncoder().encode(found.text).length),
        'x-content-type-options': 'nosniff',
      };
      return new Response(request.method === 'HEAD' ? null : found.text, { headers });
    },
    problems: async () => {
      const first = await discovery();
      if (!first.ok) return [first.problem];
      if (first.jwksName === undefined) return [];
      const keys = await keySet(first.jwksName);
      return keys.ok ? [] : [keys.problem];
    },
  };
}

/** Host names have no case; the port of https may be named, and so may the one behind which a private test listens. */
function isHost(given: string, expected: string): boolean {
  return given.toLowerCase().replace(/:\d+$/, '') === expected.toLowerCase();
}

function plain(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers },
  });
}
