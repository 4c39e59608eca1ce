import type { Problem } from '../base/errors.ts';

/** An issuer's URL in the form in which tokens carry it: `https://`, no port, path and trailing slash as given. */
export type Issuer = string & { readonly __issuer: true };

/** The parts of an issuer's URL. */
export interface IssuerUrl {
  /** The URL itself, without `:443`. */
  readonly issuer: Issuer;
  /** As written: IAM keeps its case and compares it exactly. */
  readonly host: string;
  /** Empty, or with a leading slash. A trailing slash makes another issuer. */
  readonly path: string;
  /** Host and path: what stands in the provider's ARN and in front of `:sub` and `:aud` in a condition. */
  readonly hostPath: string;
}

/** An issuer's URL as read, or everything that is wrong with it. */
export type IssuerReading = { readonly ok: true; readonly url: IssuerUrl } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Characters of a provider's URL in the IAM service model. */
const MAX_LENGTH = 255;
const SCHEME = 'https://';
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;
/** RFC 3986, section 3.3. */
const PATH = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*$/;

/**
 * Reads the URL of an OpenID Connect issuer by the rules of OpenID Connect Discovery and of IAM's CreateOpenIDConnectProvider: https, no
 * user, query or fragment, no port but 443, which is dropped. The rest is an identity and is kept to the letter. Never throws.
 */
export function parseIssuer(text: string): IssuerReading {
  if (text.length > MAX_LENGTH) return failed([`issuer must have at most ${MAX_LENGTH} characters, as IAM takes no longer provider URL`]);
  if (!text.startsWith(SCHEME)) return failed(['issuer must start with https://']);
  const problems: string[] = [];
  const [beforeFragment = '', ...fragments] = text.slice(SCHEME.length).split('#');
  if (fragments.length > 0) problems.push('issuer must not have a fragment (#)');
  const [beforeQuery = '', ...queries] = beforeFragment.split('?');
  if (queries.length > 0) problems.push('issuer must not have a query (?)');
  const slash = beforeQuery.indexOf('/');
  const authority = slash < 0 ? beforeQuery : beforeQuery.slice(0, slash);
  const path = slash < 0 ? '' : beforeQuery.slice(slash);
  const at = authority.lastIndexOf('@');
  if (at >= 0) problems.push('issuer must not name a user');
  const [host = '', port, ...rest] = authority.slice(at + 1).split(':');
  if (rest.length > 0 || !isHost(host)) problems.push('issuer must name its host as a DNS name');
  else if (port !== undefined && port !== '443') problems.push('issuer must not have a port other than 443, as IAM takes no other');
  if (!PATH.test(path)) problems.push('issuer path must be made of URL characters; percent-encode the others');
  else if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    problems.push('issuer path must not have the segments . or .., which clients resolve before they ask');
  }
  if (problems.length > 0) return failed(problems);
  const hostPath = `${host}${path}`;
  return { ok: true, url: { issuer: `${SCHEME}${hostPath}` as Issuer, host, path, hostPath } };
}

/** A DNS name, or an IPv4 address in its usual spelling: URL parsers read `0x7f.1` and `127.1` as addresses too. */
function isHost(host: string): boolean {
  const url = `${SCHEME}${host}`;
  return HOST.test(host) && host.length <= 253 && URL.canParse(url) && new URL(url).hostname === host.toLowerCase();
}

function failed(messages: readonly string[]): IssuerReading {
  return { ok: false, problems: messages.map((message) => ({ path: '', message })) };
}

/** The issuer without `https://`: the resource of the provider's ARN and the prefix of its condition keys. Other text is returned as it is. */
export function hostPathOf(issuer: string): string {
  return issuer.startsWith(SCHEME) ? issuer.slice(SCHEME.length) : issuer;
}
