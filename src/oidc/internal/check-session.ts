import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { type Judge, type Refusal, refuse } from './judgement.ts';

const ROLES = 'https://aws.amazon.com/roles';
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';
const TAGS = 'https://aws.amazon.com/tags';
const FLAT_TAG = `${TAGS}/principal_tags/`;
const FLAT_TRANSITIVE = `${TAGS}/transitive_tag_keys`;

/** What a token asks for its session, in the claims that AWS gives a meaning. */
export interface SessionClaims {
  /** Session tags; the trust policy must allow `sts:TagSession` when there are any. */
  readonly principalTags: Readonly<Record<string, string>>;
  /** Tags that later sessions inherit. */
  readonly transitiveTagKeys: readonly string[];
  /** The trust policy must allow `sts:SetSourceIdentity` when there is one. */
  readonly sourceIdentity?: string;
  /** Present, and true, when the token restricts itself to roles and names this one (key `sts:RoleAuthorizedByIdp`). */
  readonly roleAuthorizedByIdp?: true;
}

export type SessionCheck = { readonly ok: true; readonly session: SessionClaims } | Refusal;

/** Reads the claims that AWS interprets (IAM User Guide, "Passing session tags in AWS STS"). A null claim counts as absent. */
export function checkSession(claims: JsonObject, roleArn: string | undefined, judge: Judge): SessionCheck {
  const tags = readTags(claims);
  if (tags === undefined) return refuse('tags-claim-invalid');
  const sourceIdentity = claims[SOURCE_IDENTITY] ?? undefined;
  if (sourceIdentity !== undefined && !isSourceIdentity(sourceIdentity)) return refuse('source-identity-claim-invalid');
  const roles = readRoles(claims[ROLES] ?? undefined);
  if (roles === 'malformed') return refuse('roles-claim-refused');
  if (roles !== undefined && roleArn === undefined) {
    const refusal = judge.doubt('roles-unchecked');
    if (refusal !== undefined) return refusal;
  }
  if (roles !== undefined && roleArn !== undefined && !roles.includes(roleArn)) return refuse('roles-claim-refused');
  return {
    ok: true,
    session: {
      ...tags,
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      ...(roles === undefined || roleArn === undefined ? {} : { roleAuthorizedByIdp: true }),
    },
  };
}

/** The pattern and length of `SourceIdentity` in the STS service model; the reserved prefix `aws:` does not fit the pattern. */
function isSourceIdentity(value: Json): value is string {
  return typeof value === 'string' && /^[\w+=,.@-]{2,64}$/.test(value);
}

/** Exact role ARNs, as a list or as text with semicolons; an empty list admits no role. */
function readRoles(claim: Json | undefined): readonly string[] | 'malformed' | undefined {
  if (claim === undefined) return undefined;
  if (typeof claim === 'string') return claim.split(';');
  return texts(claim) ?? 'malformed';
}

type Tags = Pick<SessionClaims, 'principalTags' | 'transitiveTagKeys'>;

/** Tags in the nested form (values are lists of one text), in the flat form, or in both. */
function readTags(claims: JsonObject): Tags | undefined {
  const nested = claims[TAGS] ?? {};
  if (!isJsonObject(nested)) return undefined;
  const inner = nested.principal_tags ?? {};
  if (!isJsonObject(inner)) return undefined;
  const tags: (readonly [string, Json | undefined])[] = Object.entries(inner).map(([key, value]) => [key, onlyItem(value)]);
  for (const [name, value] of Object.entries(claims)) {
    if (name.startsWith(FLAT_TAG)) tags.push([name.slice(FLAT_TAG.length), Array.isArray(value) ? onlyItem(value) : value]);
  }
  const transitive = [...textList(nested.transitive_tag_keys), ...textList(claims[FLAT_TRANSITIVE])];
  if (!tags.every(isTag) || tags.length > 50 || !transitive.every((key) => typeof key === 'string')) return undefined;
  // Session tag keys do not differ by case alone.
  if (new Set(tags.map(([key]) => key.toLowerCase())).size !== tags.length) return undefined;
  return { principalTags: Object.fromEntries(tags), transitiveTagKeys: transitive };
}

function onlyItem(value: Json | undefined): Json | undefined {
  return Array.isArray(value) && value.length === 1 ? value[0] : undefined;
}

/** The limits of a session tag in the STS service model. */
function isTag(tag: readonly [string, Json | undefined]): tag is readonly [string, string] {
  const [key, value] = tag;
  return key.length >= 1 && key.length <= 128 && typeof value === 'string' && value.length <= 256;
}

function texts(value: Json): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

/** A list, or a single value in its place; nothing for what is absent. */
function textList(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
