import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import { type DecodedToken, decodeToken } from '../oidc/decode-token.ts';
import { hostPathOf } from '../oidc/issuer-url.ts';
import type { Finding } from './finding.ts';
import { tokenFindings } from './internal/token-findings.ts';

/** A claim, in the token's own words, and what it says. */
export interface ExplainedClaim {
  readonly name: string;
  readonly value: Json;
  readonly meaning: string;
}

/** What a trust policy may compare with. */
export interface ConditionKey {
  readonly key: string;
  readonly value: string;
}

/** A token laid open. Nothing in it has been verified, and neither the token nor its signature is in here. */
export interface TokenExplanation {
  readonly header: JsonObject;
  readonly claims: readonly ExplainedClaim[];
  /** What AWS reads: keys for trust policies, and what the session would get. */
  readonly conditions: readonly ConditionKey[];
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
}

export type TokenReading = { readonly ok: true; readonly explanation: TokenExplanation } | { readonly ok: false; readonly message: string };

const AWS_CLAIM = 'https://aws.amazon.com/';

/** Reads a token for people: what each claim means, what AWS and a trust policy will read, and what is wrong. Never throws. */
export function explainToken(text: string, now: Date): TokenReading {
  const decoding = decodeToken(text);
  if (!decoding.ok) return { ok: false, message: decoding.message };
  const { token } = decoding;
  const { claims } = token;
  return {
    ok: true,
    explanation: {
      header: token.header,
      claims: Object.entries(claims).map(([name, value = null]) => ({ name, value, meaning: meaningOf(name, value, now) })),
      conditions: conditionKeys(claims),
      notes: notesOf(token),
      findings: tokenFindings(token, now),
    },
  };
}

const MEANINGS: Readonly<Record<string, string>> = {
  iss: 'the issuer: IAM needs an OIDC provider of exactly this URL in the account of the role',
  aud: 'whom the token is for: must be a client id of that provider',
  sub: 'whose token it is: what a trust policy must name',
  azp: 'read by AWS in place of aud, where present',
  jti: 'the name of this token; the API server writes it into its audit log as credential-id',
  amr: 'a condition key of several values',
  'kubernetes.io': 'what the token is bound to; AWS does not read it',
};

function meaningOf(name: string, value: Json, now: Date): string {
  if (name === 'iat' || name === 'nbf' || name === 'exp') return timeMeaning(name, value, now);
  if (name.startsWith(AWS_CLAIM)) return 'read by AWS for the session that the token is exchanged for';
  if (name === 'kubernetes.io' && isJsonObject(value)) return `${MEANINGS[name] ?? ''}: ${boundTo(value)}`;
  return (Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined) ?? 'not read by AWS';
}

const WHEN = { iat: 'issued', nbf: 'valid from', exp: 'ends' } as const;

function timeMeaning(name: keyof typeof WHEN, value: Json, now: Date): string {
  const seconds = typeof value === 'number' ? value : Number.NaN;
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return 'not a point in time';
  return `${WHEN[name]} ${at.toISOString()}, ${span(at.getTime() - now.getTime())}`;
}

function span(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const text =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7_200
        ? `${Math.round(seconds / 60)} min`
        : seconds < 172_800
          ? `${Math.round(seconds / 3600)} h`
          : `${Math.round(seconds / 86_400)} days`;
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

function boundTo(value: JsonObject): string {
  const parts = ['namespace', 'serviceaccount', 'pod', 'secret', 'node'].flatMap((kind) => {
    const found = value[kind];
    const name = isJsonObject(found) ? found.name : found;
    return typeof name === 'string' ? [`${kind} ${name}`] : [];
  });
  return parts.join(', ') || 'nothing';
}

function conditionKeys(claims: JsonObject): readonly ConditionKey[] {
  if (typeof claims.iss !== 'string') return [];
  const prefix = hostPathOf(claims.iss);
  const audience = typeof claims.azp === 'string' ? claims.azp : single(claims.aud);
  const keys: ConditionKey[] = [];
  if (audience !== undefined) keys.push({ key: `${prefix}:aud`, value: audience });
  if (typeof claims.sub === 'string' || typeof claims.sub === 'number') keys.push({ key: `${prefix}:sub`, value: String(claims.sub) });
  if (typeof claims.azp === 'string' && single(claims.aud) !== undefined)
    keys.push({ key: `${prefix}:oaud`, value: single(claims.aud) ?? '' });
  return keys;
}

function single(aud: Json | undefined): string | undefined {
  if (typeof aud === 'string') return aud;
  const [only, ...more] = Array.isArray(aud) ? aud : [];
  return typeof only === 'string' && more.length === 0 ? only : undefined;
}

function notesOf({ claims }: DecodedToken): readonly string[] {
  const notes: string[] = [];
  if (Object.keys(claims).some((name) => name.startsWith(`${AWS_CLAIM}tags`)))
    notes.push('it asks for session tags: the trust policy must allow sts:TagSession too');
  if (Object.hasOwn(claims, `${AWS_CLAIM}source_identity`))
    notes.push('it names a source identity: the trust policy must allow sts:SetSourceIdentity too');
  if (Object.hasOwn(claims, `${AWS_CLAIM}roles`)) notes.push('it restricts itself to the roles in its own list');
  const bound = claims['kubernetes.io'];
  if (isJsonObject(bound) && isJsonObject(bound.pod))
    notes.push('STS takes it until it ends, also when its pod is gone: only the API server knows of pods');
  if (isJsonObject(bound) && bound.warnafter !== undefined)
    notes.push('its life was extended to a year for old clients of the API server (warnafter says when it should have been replaced)');
  return notes;
}
