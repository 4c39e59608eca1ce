import type { Problem } from '../../../../base/errors.ts';
import { discoveryUrl, parseDiscovery } from '../../../../oidc/discovery.ts';
import { type Issuer, parseIssuer } from '../../../../oidc/issuer-url.ts';
import { type KeySet, parseKeySet } from '../../../../oidc/key-set.ts';
import { cacheAge } from './cache-age.ts';
import { failure, type IssuerKeysFailure } from './failure.ts';
import { type Address, type FetchDocumentOptions, fetchDocument } from './fetch-document.ts';

export interface FetchKeySetOptions extends Omit<FetchDocumentOptions, 'to'> {
  /** The only hosts that are ever connected to, by lower-case name. */
  readonly resolve: ReadonlyMap<string, Address>;
}

/** The keys of an issuer, and the milliseconds for which its issuer lets it be kept, if it says. */
export type FetchedKeySet = { readonly ok: true; readonly keys: KeySet['keys']; readonly ageMs: number | undefined } | IssuerKeysFailure;

/**
 * The keys of an issuer by way of its discovery document, as AWS fetches them. The document must name the very issuer that was asked, and
 * the key set must be on the same host: neither can send us elsewhere.
 */
export async function fetchKeySet(issuerText: string, options: FetchKeySetOptions): Promise<FetchedKeySet> {
  const reading = parseIssuer(issuerText);
  if (!reading.ok) return failure('issuer-invalid', listed(reading.problems));
  const { issuer, host } = reading.url;
  const to = options.resolve.get(host.toLowerCase());
  if (to === undefined) return failure('issuer-not-mapped', `${host} has no address; give one with --issuer-resolve ${host}=ADDRESS:PORT`);
  const discovery = await fetchDocument(new URL(discoveryUrl(issuer)), { ...options, to });
  if (!discovery.ok) return discovery;
  const jwksUri = jwksUriOf(issuer, discovery.text);
  if (!(jwksUri instanceof URL)) return jwksUri;
  const document = await fetchDocument(jwksUri, { ...options, to });
  if (!document.ok) return document;
  const parsed = parseKeySet(document.text);
  if (!parsed.ok) return failure('key-set-invalid', `${jwksUri.href}: ${listed(parsed.problems)}`);
  return { ok: true, keys: parsed.keySet.keys, ageMs: cacheAge(document.cacheControl) };
}

function jwksUriOf(issuer: Issuer, text: string): URL | IssuerKeysFailure {
  const parsed = parseDiscovery(text);
  if (!parsed.ok) return failure('discovery-invalid', `${discoveryUrl(issuer)}: ${listed(parsed.problems)}`);
  const { document } = parsed;
  if (document.issuer !== issuer) {
    return failure('issuer-mismatch', `${discoveryUrl(issuer)} names issuer ${document.issuer}; it must name ${issuer}`);
  }
  const jwksUri = new URL(document.jwks_uri);
  const elsewhere = jwksUri.host !== new URL(issuer).host || jwksUri.username !== '' || jwksUri.password !== '';
  if (elsewhere)
    return failure('jwks-uri-refused', `${discoveryUrl(issuer)} has its keys on ${jwksUri.host}; they must be on the issuer's own host`);
  return jwksUri;
}

function listed(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ');
}
