import type { Problem } from '../base/errors.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { readJsonObject } from './internal/read-json.ts';
import { parseIssuer } from './issuer-url.ts';
import { ISSUER_DOCUMENT_MAX_BYTES } from './key-set.ts';

/** Where a discovery document stands below its issuer (OpenID Connect Discovery 1.0, section 4). */
export const DISCOVERY_PATH = '/.well-known/openid-configuration';

/** The five members that AWS needs, in the order in which Kubernetes serves them. */
export type DiscoveryDocument = {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly response_types_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly string[];
};

export interface DiscoveryOptions {
  readonly issuer: string;
  readonly jwksUri: string;
  /** The algorithms of the published keys, in any order; each is named once, sorted. */
  readonly algorithms: Iterable<string>;
}

/** The discovery document of an issuer that signs service account tokens. */
export function discoveryDocument({ issuer, jwksUri, algorithms }: DiscoveryOptions): DiscoveryDocument {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(algorithms)].sort(),
  };
}

/** The URL of an issuer's discovery document. A trailing slash of the issuer is not doubled. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}${DISCOVERY_PATH}`;
}

/** A foreign discovery document as read, or everything that is wrong with it. */
export type DiscoveryReading =
  | { readonly ok: true; readonly document: DiscoveryDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Levels of JSON in a discovery document; the members that are read have two. */
const MAX_DEPTH = 16;
/** Entries of a list in a discovery document. */
const MAX_ENTRIES = 100;

/**
 * Reads a foreign discovery document as AWS does: all five members must be there, `issuer` must be an issuer, `jwks_uri` must be https, and
 * `id_token` must be among the response types. Whether `issuer` is the expected one is for the caller to compare. Other members are
 * ignored. Never throws.
 */
export function parseDiscovery(text: string): DiscoveryReading {
  if (text.length > ISSUER_DOCUMENT_MAX_BYTES) {
    return { ok: false, problems: [{ path: '', message: `discovery document is longer than ${ISSUER_DOCUMENT_MAX_BYTES} characters` }] };
  }
  const read = readJsonObject(text, { maxDepth: MAX_DEPTH });
  if (!read.ok) return { ok: false, problems: [{ path: '', message: `discovery document ${read.problem}` }] };
  const problems: Problem[] = read.duplicates.map((path) => ({ path, message: 'member stands twice in the discovery document' }));
  const document = readMembers(read.value, problems);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, document };
}

function readMembers(value: JsonObject, problems: Problem[]): DiscoveryDocument {
  const text = (name: string, judge: (text: string) => readonly string[]): string => {
    const member = value[name];
    const messages = typeof member === 'string' ? judge(member) : ['must be there, as text'];
    problems.push(...messages.map((message) => ({ path: `/${name}`, message })));
    return typeof member === 'string' ? member : '';
  };
  const list = (name: string, needed?: string): readonly string[] => {
    const entries = textsOf(value[name]);
    if (entries === undefined) problems.push({ path: `/${name}`, message: `must be there, as a list of 1 to ${MAX_ENTRIES} texts` });
    else if (needed !== undefined && !entries.includes(needed)) problems.push({ path: `/${name}`, message: `must contain ${needed}` });
    return entries ?? [];
  };
  return {
    issuer: text('issuer', (issuer) => {
      const reading = parseIssuer(issuer);
      return reading.ok ? [] : reading.problems.map(({ message }) => message);
    }),
    jwks_uri: text('jwks_uri', (uri) => (isHttpsUrl(uri) ? [] : ['must be a URL that starts with https://'])),
    response_types_supported: list('response_types_supported', 'id_token'),
    subject_types_supported: list('subject_types_supported'),
    id_token_signing_alg_values_supported: list('id_token_signing_alg_values_supported'),
  };
}

function textsOf(value: Json | undefined): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ENTRIES) return undefined;
  return value.every((entry) => typeof entry === 'string') ? value : undefined;
}

function isHttpsUrl(text: string): boolean {
  return text.startsWith('https://') && URL.canParse(text);
}
