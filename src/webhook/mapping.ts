import type { Problem } from '../base/errors.ts';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import { isDnsSubdomain } from '../iam/service-account-subject.ts';
import type { Note, ReasonCode } from '../identity/reason-codes.ts';
import { clampExpiration } from '../identity/token-volume.ts';
import { jsonPointer } from '../kube/core/json-patch.ts';
import { noteRole } from './account-settings.ts';
import { globMatches } from './internal/glob.ts';
import type { WebhookOptions } from './options.ts';

/** Name of the mapping ConfigMap and of its one key, fixed by upstream. */
export const MAPPING_CONFIG_MAP = 'pod-identity-webhook';
export const MAPPING_KEY = 'config';

/** What the mapping gives to one ServiceAccount. No field is filled from the account's annotations. */
export interface MappingEntry {
  readonly role: string;
  readonly audience: string;
  readonly stsRegional: boolean;
  /** Seconds, within bounds; `undefined`: the option. */
  readonly tokenExpirationSeconds: number | undefined;
  readonly notes: readonly Note[];
}

interface GlobEntry {
  readonly namespace: string;
  readonly name: string;
  readonly entry: MappingEntry;
}

/** The entries of the mapping ConfigMap. */
export interface Mapping {
  /** By `namespace/name`. */
  readonly exact: ReadonlyMap<string, MappingEntry>;
  /** Patterns of namespaces, the most specific first. */
  readonly globs: readonly GlobEntry[];
}

export const emptyMapping: Mapping = { exact: new Map(), globs: [] };

/** A mapping and what is wrong with its text; `reason` is that of the problems, absent when there are none. */
export interface ReadMapping {
  readonly mapping: Mapping;
  readonly problems: readonly Problem[];
  readonly reason: Extract<ReasonCode, 'ConfigMapInvalid' | 'ConfigMapEntryInvalid'> | undefined;
}

/** The ConfigMap's `data`, or `absent` when it does not exist. */
export type MappingText = { readonly absent: true } | { readonly absent: false; readonly text: string | undefined };

/**
 * Reads the mapping. An absent ConfigMap has no entries; a text that is no JSON object leaves everything as it was (`previous`);
 * a malformed entry keeps its last good version while its key is there, and the other entries count. Entries whose key is gone
 * are gone. Keys and members are matched exactly.
 */
export function readMapping(source: MappingText, previous: Mapping, options: WebhookOptions): ReadMapping {
  if (source.absent) return { mapping: emptyMapping, problems: [], reason: undefined };
  const parsed = parseObject(source.text);
  if (typeof parsed === 'string') return { mapping: previous, problems: [{ path: '', message: parsed }], reason: 'ConfigMapInvalid' };
  const problems: Problem[] = [];
  const exact = new Map<string, MappingEntry>();
  const globs: GlobEntry[] = [];
  for (const [key, value] of Object.entries(parsed)) {
    const path = jsonPointer(key);
    const target = splitKey(key);
    if (typeof target === 'string') {
      problems.push({ path, message: target });
      continue;
    }
    const entry = readEntry(value, path, options, problems) ?? lastGood(previous, key);
    if (entry === undefined) continue;
    if (target.namespace.includes('*')) globs.push({ ...target, entry });
    else exact.set(key, entry);
  }
  globs.sort((one, other) => weight(other.namespace) - weight(one.namespace) || (one.namespace < other.namespace ? -1 : 1));
  return { mapping: { exact, globs }, problems, reason: problems.length === 0 ? undefined : 'ConfigMapEntryInvalid' };
}

/** The entry for a ServiceAccount: the exact one, else the most specific pattern's. */
export function mappingEntry(mapping: Mapping, namespace: string, name: string): MappingEntry | undefined {
  return (
    mapping.exact.get(`${namespace}/${name}`) ??
    mapping.globs.find((glob) => glob.name === name && globMatches(glob.namespace, namespace))?.entry
  );
}

function parseObject(text: string | undefined): JsonObject | string {
  if (text === undefined) return `the ConfigMap has no key ${MAPPING_KEY}`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return `the key ${MAPPING_KEY} is no JSON`;
  }
  return isJsonObject(parsed) ? parsed : `the key ${MAPPING_KEY} is no JSON object of entries`;
}

function splitKey(key: string): { readonly namespace: string; readonly name: string } | string {
  const [namespace, name, ...rest] = key.split('/');
  if (namespace === undefined || name === undefined || rest.length > 0) return 'the key must be <namespace>/<service account>';
  if (!/^[a-z0-9*-]{1,63}$/.test(namespace)) return 'the namespace must be a name, or a pattern with *';
  if (!isDnsSubdomain(name)) return 'the service account must be a name';
  return { namespace, name };
}

/** Characters that are not wildcards. */
function weight(pattern: string): number {
  return pattern.replaceAll('*', '').length;
}

function lastGood(previous: Mapping, key: string): MappingEntry | undefined {
  return previous.exact.get(key) ?? previous.globs.find((glob) => `${glob.namespace}/${glob.name}` === key)?.entry;
}

const MEMBERS = ['RoleARN', 'Audience', 'UseRegionalSTS', 'TokenExpiration'] as const;

function readEntry(value: unknown, path: string, options: WebhookOptions, problems: Problem[]): MappingEntry | undefined {
  if (!isJsonObject(value)) {
    problems.push({ path, message: 'the entry must be an object' });
    return undefined;
  }
  const before = problems.length;
  for (const member of Object.keys(value)) {
    const meant = MEMBERS.find((known) => known !== member && known.toLowerCase() === member.toLowerCase());
    if (meant !== undefined) problems.push({ path: `${path}${jsonPointer(member)}`, message: `the member is written ${meant}` });
  }
  const role = value.RoleARN;
  const audience = value.Audience ?? undefined;
  const regional = value.UseRegionalSTS ?? undefined;
  const expiration = value.TokenExpiration ?? 0;
  if (typeof role !== 'string' || role === '') problems.push({ path: `${path}/RoleARN`, message: 'the role must be a text' });
  if (audience !== undefined && typeof audience !== 'string')
    problems.push({ path: `${path}/Audience`, message: 'the audience must be a text' });
  if (regional !== undefined && typeof regional !== 'boolean')
    problems.push({ path: `${path}/UseRegionalSTS`, message: 'the value must be true or false' });
  if (typeof expiration !== 'number' || !Number.isSafeInteger(expiration)) {
    problems.push({ path: `${path}/TokenExpiration`, message: 'the value must be a whole number of seconds' });
  }
  if (problems.length > before || typeof role !== 'string' || typeof expiration !== 'number') return undefined;
  return entryOf({ role, audience: audience as string | undefined, regional: regional as boolean | undefined, expiration }, options);
}

interface RawEntry {
  readonly role: string;
  readonly audience: string | undefined;
  readonly regional: boolean | undefined;
  readonly expiration: number;
}

/** A missing audience is an empty one and a missing STS setting is off, whatever the options, as upstream has it; unless told otherwise. */
function entryOf({ role, audience, regional, expiration }: RawEntry, options: WebhookOptions): MappingEntry {
  const notes: Note[] = [...noteRole(role)];
  const effective = audience ?? (options.mappingDefaults ? options.audience : '');
  if (effective === '')
    notes.push({
      reason: 'EmptyAudience',
      message: 'the mapping entry of the service account has no Audience, give the one that the role trusts',
    });
  const { seconds, clamped } = clampExpiration(expiration, options.maxTokenExpirationSeconds);
  if (expiration !== 0 && clamped !== undefined) {
    notes.push({
      reason: clamped === 'below-minimum' ? 'TokenExpirationTooShort' : 'TokenExpirationTooLong',
      message: `TokenExpiration of the mapping entry is out of bounds, ${seconds} seconds was used`,
    });
  }
  return {
    role,
    audience: effective,
    stsRegional: regional ?? (options.mappingDefaults && options.stsRegional),
    tokenExpirationSeconds: expiration === 0 ? undefined : seconds,
    notes,
  };
}
