import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import { RECORD_LABEL, RECORD_LABEL_VALUE } from '../identity/record-name.ts';
import type { KubeObject } from '../kube/core/object.ts';
import { apiVersionOf, resources } from '../kube/core/resource.ts';

/** The version of the record that this podrole writes, and the highest that it reads. */
export const RECORD_VERSION = 1;
/** How long a revoked subject is remembered after it was proved gone: longer than any late write. */
export const TOMBSTONE_MS = 24 * 60 * 60 * 1000;
const FIELD = 'record';

/** A subject that podrole asked IAM to trust. */
export interface Grant {
  readonly subject: string;
  readonly profile: string;
  /** The profile object it was granted for. */
  readonly uid: string;
}

/** A subject that podrole granted and revokes. */
export interface Tombstone {
  readonly subject: string;
  readonly profile: string;
  readonly revokedAt: string;
  /** When a read showed it gone; the 24 hours start here. */
  readonly goneAt?: string;
  /** How often it came back since. */
  readonly returned: number;
}

/** What podrole did on one role for one provider. Members it does not know travel along. */
export interface RoleRecord {
  /** The role's ARN as IAM gave it. */
  readonly role: string;
  readonly provider: string;
  readonly granted: readonly Grant[];
  readonly tombstones: readonly Tombstone[];
  /** The process that wrote it last, and when. */
  readonly writer: string;
  readonly writtenAt: string;
  readonly unknown: JsonObject;
}

/** What a ConfigMap says. `unusable` counts as lost: it is rebuilt from what is desired. */
export type ParsedRecord =
  | { readonly kind: 'record'; readonly record: RoleRecord }
  | { readonly kind: 'too-new'; readonly version: number }
  | { readonly kind: 'unusable'; readonly message: string };

const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

function readList<T>(value: Json | undefined, read: (entry: JsonObject) => T | undefined): readonly T[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const read_: T[] = [];
  for (const entry of value as readonly Json[]) {
    const one = isJsonObject(entry) ? read(entry) : undefined;
    if (one === undefined) return undefined;
    read_.push(one);
  }
  return read_;
}

function readGrant(entry: JsonObject): Grant | undefined {
  const [subject, profile, uid] = [text(entry.subject), text(entry.profile), text(entry.uid)];
  return subject === undefined || profile === undefined || uid === undefined ? undefined : { subject, profile, uid };
}

function readTombstone(entry: JsonObject): Tombstone | undefined {
  const [subject, profile, revokedAt, goneAt] = [text(entry.subject), text(entry.profile), text(entry.revokedAt), text(entry.goneAt)];
  if (subject === undefined || profile === undefined || revokedAt === undefined) return undefined;
  const returned = typeof entry.returned === 'number' ? entry.returned : 0;
  const gone = goneAt !== undefined && !Number.isNaN(Date.parse(goneAt)) ? { goneAt } : {};
  return { subject, profile, revokedAt, returned, ...gone };
}

/** Reads a record from its ConfigMap. */
export function parseRecord(configMap: KubeObject): ParsedRecord {
  const data = configMap.data;
  const body = typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[FIELD] : undefined;
  if (typeof body !== 'string') return { kind: 'unusable', message: `data.${FIELD} is missing` };
  let parsed: Json;
  try {
    parsed = JSON.parse(body) as Json;
  } catch {
    return { kind: 'unusable', message: `data.${FIELD} is not JSON` };
  }
  if (!isJsonObject(parsed) || typeof parsed.version !== 'number') return { kind: 'unusable', message: `data.${FIELD} has no version` };
  if (parsed.version > RECORD_VERSION) return { kind: 'too-new', version: parsed.version };
  const { version: _version, role, provider, granted, tombstones, writer, writtenAt, ...unknown } = parsed;
  const [grants, stones] = [readList(granted, readGrant), readList(tombstones, readTombstone)];
  const [roleArn, providerArn] = [text(role), text(provider)];
  if (grants === undefined || stones === undefined || roleArn === undefined || providerArn === undefined) {
    return { kind: 'unusable', message: `data.${FIELD} lacks role, provider or readable entries` };
  }
  const by = { writer: text(writer) ?? '', writtenAt: text(writtenAt) ?? '' };
  return { kind: 'record', record: { role: roleArn, provider: providerArn, granted: grants, tombstones: stones, ...by, unknown } };
}

/** The ConfigMap of a record: over `before` when there is one, so that foreign members and the resourceVersion are kept. */
export function recordObject(name: string, record: RoleRecord, before: KubeObject | undefined): KubeObject {
  const { unknown, ...known } = record;
  const data = {
    ...(before?.data as Record<string, unknown> | undefined),
    [FIELD]: JSON.stringify({ version: RECORD_VERSION, ...known, ...unknown }),
  };
  const metadata = before?.metadata ?? { name };
  return {
    ...before,
    apiVersion: apiVersionOf(resources.configMaps),
    kind: resources.configMaps.kind,
    metadata: { ...metadata, labels: { ...metadata.labels, [RECORD_LABEL]: RECORD_LABEL_VALUE } },
    data,
  };
}

/** Whether nothing is left to remember. Members of a newer podrole count as something. */
export function isEmptyRecord(record: RoleRecord): boolean {
  return record.granted.length === 0 && record.tombstones.length === 0 && Object.keys(record.unknown).length === 0;
}

/** Whether two records say the same, whoever wrote them and when. */
export function sameRecord(a: RoleRecord, b: RoleRecord): boolean {
  const say = (record: RoleRecord): string =>
    JSON.stringify([record.role, record.provider, record.granted, record.tombstones, record.unknown]);
  return say(a) === say(b);
}
