import { hostPathOf } from '../arn.ts';
import type { TrustRequest } from '../trust-request.ts';

/** What a condition key holds: one text, several (a multivalued key), or nothing. */
export type ContextValue = string | readonly string[] | undefined;

/** Looks a condition key up; key names compare without case. */
export type ContextLookup = (key: string) => ContextValue;

const TAGS = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';
const ROLES = 'https://aws.amazon.com/roles';

/**
 * The condition keys that exist when a generic OIDC token asks for a role: `sub`, `aud` (`azp` where the token has one), `oaud`, `amr`
 * and `email` below the issuer, and the session's and provider's own. Nothing else of the token is visible to a policy.
 * Source: IAM user guide, "available keys for AWS web identity federation", and observations of live AWS.
 */
export function trustContext(request: TrustRequest): ContextLookup {
  const issuer = hostPathOf(request.issuer);
  return (key) => {
    // Policies nearly always spell the key as the issuer does; only another spelling is worth the lower-casing.
    if (key.startsWith(issuer) && key[issuer.length] === ':') return claimKey(request.claims, key.slice(issuer.length + 1).toLowerCase());
    const name = key.toLowerCase();
    const prefix = `${issuer.toLowerCase()}:`;
    return name.startsWith(prefix) ? claimKey(request.claims, name.slice(prefix.length)) : globalKey(request, name);
  };
}

function claimKey(claims: TrustRequest['claims'], name: string): ContextValue {
  switch (name) {
    case 'sub':
      return textOf(claims.sub);
    case 'aud':
      return textOf(claims.azp) ?? oneOrMany(claims.aud);
    case 'oaud':
      return oneOrMany(claims.aud);
    case 'email':
      return textOf(claims.email);
    case 'amr':
      return many(claims.amr);
    default:
      return undefined;
  }
}

function globalKey(request: TrustRequest, name: string): ContextValue {
  switch (name) {
    case 'sts:rolesessionname':
      return request.sessionName;
    case 'sts:sourceidentity':
      return request.sourceIdentity ?? textOf(request.claims[SOURCE_IDENTITY]);
    case 'sts:transitivetagkeys':
      return many(request.transitiveTagKeys ?? transitiveKeys(request.claims));
    case 'sts:roleauthorizedbyidp':
      return String(request.roleAuthorizedByIdp ?? namesRole(request.claims[ROLES], request.roleArn));
    case 'aws:federatedprovider':
    case 'aws:userid':
      return request.providerArn;
    case 'aws:principalaccount':
      return request.providerArn.split(':')[4];
    case 'aws:principaltype':
      return 'User';
    case 'aws:tagkeys':
      return many(Object.keys(tagsOf(request)));
    default:
      return name.startsWith('aws:requesttag/') ? tagNamed(request, name.slice('aws:requesttag/'.length)) : extraKey(request, name);
  }
}

function extraKey(request: TrustRequest, name: string): ContextValue {
  return request.context === undefined ? undefined : recordContext(request.context)(name);
}

/** A lookup over a plain record; an empty list counts as absent. */
export function recordContext(record: Readonly<Record<string, string | readonly string[] | undefined>>): ContextLookup {
  return (key) => {
    const name = key.toLowerCase();
    for (const candidate of Object.keys(record)) {
      if (candidate.toLowerCase() !== name) continue;
      const value = record[candidate];
      return typeof value === 'object' && value.length === 0 ? undefined : value;
    }
    return undefined;
  };
}

function tagsOf(request: TrustRequest): Readonly<Record<string, string>> {
  if (request.requestTags !== undefined) return request.requestTags;
  const tags: Record<string, string> = {};
  const nested = request.claims[TAGS];
  if (isRecord(nested) && isRecord(nested.principal_tags)) {
    for (const [name, value] of Object.entries(nested.principal_tags)) {
      const text = textOf(Array.isArray(value) ? value[0] : value);
      if (text !== undefined) tags[name] = text;
    }
  }
  const flat = `${TAGS}/principal_tags/`;
  for (const [name, value] of Object.entries(request.claims)) {
    const text = name.startsWith(flat) ? textOf(value) : undefined;
    if (text !== undefined) tags[name.slice(flat.length)] = text;
  }
  return tags;
}

function tagNamed(request: TrustRequest, name: string): string | undefined {
  return Object.entries(tagsOf(request)).find(([tag]) => tag.toLowerCase() === name)?.[1];
}

function transitiveKeys(claims: TrustRequest['claims']): unknown {
  const nested = claims[TAGS];
  return isRecord(nested) ? nested.transitive_tag_keys : claims[`${TAGS}/transitive_tag_keys`];
}

function namesRole(roles: unknown, roleArn: string): boolean {
  const list = typeof roles === 'string' ? roles.split(';') : Array.isArray(roles) ? roles : [];
  return list.includes(roleArn);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function many(value: unknown): readonly string[] | undefined {
  const list = (Array.isArray(value) ? value : [value]).map(textOf).filter((text) => text !== undefined);
  return list.length === 0 ? undefined : list;
}

/** Kubernetes always sends `aud` as an array; an array of one is one value to a policy. */
function oneOrMany(value: unknown): ContextValue {
  if (!Array.isArray(value)) return textOf(value);
  return value.length === 1 ? textOf(value[0]) : many(value);
}
