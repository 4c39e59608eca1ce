import { parseGoBool, parseGoInt } from '../base/go-values.ts';
import { parseRoleArn } from '../iam/arn.ts';
import { isDnsLabel } from '../iam/service-account-subject.ts';
import { annotationKeys, REGION_ANNOTATION, SESSION_NAME_ANNOTATION } from '../identity/annotations.ts';
import type { Note } from '../identity/reason-codes.ts';
import { clampExpiration } from '../identity/token-volume.ts';
import type { WebhookOptions } from './options.ts';

/** What the annotations of a ServiceAccount ask for; `undefined` members are not said and fall to the next source. */
export interface AccountSettings {
  /** Verbatim, composed where that is configured; empty: no role. */
  readonly role: string;
  /** Whether there is a role-arn annotation without a value. */
  readonly roleIsEmpty: boolean;
  /** Empty: the token is one for the API server. */
  readonly audience: string | undefined;
  readonly stsRegional: boolean | undefined;
  /** Seconds, within bounds. */
  readonly tokenExpirationSeconds: number | undefined;
  readonly region: string | undefined;
  readonly sessionNameFromPod: boolean | undefined;
  /** What is odd about role and audience; of no concern where the role is not used. */
  readonly roleNotes: readonly Note[];
  /** What is odd about the rest. */
  readonly notes: readonly Note[];
}

type Annotations = Readonly<Record<string, string>>;

/**
 * Reads a ServiceAccount's annotations, once per change of the object. `undefined` for an account that has none of ours, of which
 * nothing needs to be kept.
 */
export function accountSettings(annotations: Annotations | undefined, options: WebhookOptions): AccountSettings | undefined {
  if (annotations === undefined) return undefined;
  const keys = annotationKeys(options.annotationPrefix);
  const texts = {
    role: textOf(annotations, keys.roleArn),
    audience: textOf(annotations, keys.audience),
    sts: textOf(annotations, keys.stsRegionalEndpoints),
    expiration: textOf(annotations, keys.tokenExpiration),
    region: textOf(annotations, REGION_ANNOTATION),
    session: textOf(annotations, SESSION_NAME_ANNOTATION),
  };
  if (Object.values(texts).every((text) => text === undefined)) return undefined;
  const roleNotes: Note[] = [];
  const notes: Note[] = [];
  const role = roleOf(texts.role, options);
  if (role !== '') roleNotes.push(...noteRole(role));
  if (texts.audience === '')
    roleNotes.push({ reason: 'EmptyAudience', message: `annotation ${keys.audience} is empty, give the audience that the role trusts` });
  return {
    role,
    roleIsEmpty: texts.role === '',
    audience: texts.audience,
    stsRegional: boolOf(
      texts.sts,
      { reason: 'InvalidStsRegionalEndpoints', message: `annotation ${keys.stsRegionalEndpoints} is no boolean, write true or false` },
      notes,
    ),
    tokenExpirationSeconds: expirationOf(
      texts.expiration,
      { annotation: keys.tokenExpiration, on: 'service account', maximum: options.maxTokenExpirationSeconds },
      notes,
    ),
    region: regionOf(texts.region, 'service account', notes),
    sessionNameFromPod: boolOf(
      texts.session,
      { reason: 'InvalidSessionName', message: `annotation ${SESSION_NAME_ANNOTATION} is no boolean, write true or false` },
      notes,
    ),
    roleNotes: roleNotes.length === 0 ? NO_NOTES : roleNotes,
    notes: notes.length === 0 ? NO_NOTES : notes,
  };
}

/** One for all: there may be tens of thousands of accounts of which nothing is odd. */
const NO_NOTES: readonly Note[] = [];

function textOf(annotations: Annotations, key: string): string | undefined {
  const value: unknown = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** Only a value without `arn:` is composed, as upstream does; an empty one stays no role, and a leading slash is not doubled. */
function roleOf(text: string | undefined, { composeRole }: WebhookOptions): string {
  if (text === undefined || text === '') return '';
  if (composeRole === undefined || text.includes('arn:')) return text;
  return `arn:${composeRole.partition}:iam::${composeRole.account}:role/${text.replace(/^\/+/, '')}`;
}

/** What is wrong with a role ARN, without repeating it. An account has twelve digits wherever STS is to find it. */
export function noteRole(role: string): readonly Note[] {
  const parsed = parseRoleArn(role);
  if (parsed.ok && parsed.arn.account.length === 12) return [];
  return [
    { reason: 'InvalidRoleArn', message: 'the role of the service account is no IAM role ARN, write arn:aws:iam::<12 digits>:role/<name>' },
  ];
}

function boolOf(text: string | undefined, note: Note, notes: Note[]): boolean | undefined {
  if (text === undefined) return undefined;
  const value = parseGoBool(text);
  if (value === undefined) notes.push(note);
  return value;
}

/** A region annotation; `undefined` when absent, empty, or no label of a host name, which every region is a part of. */
export function regionOf(text: string | undefined, on: ExpirationSource['on'], notes: Note[]): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (isDnsLabel(text)) return text;
  notes.push({
    reason: 'InvalidRegion',
    message: `annotation ${REGION_ANNOTATION} of the ${on} is no region such as us-west-2 and was ignored`,
  });
  return undefined;
}

export interface ExpirationSource {
  readonly annotation: string;
  readonly on: 'service account' | 'pod';
  /** Seconds. */
  readonly maximum: number;
}

/** A token-expiration annotation in seconds, brought within bounds; `undefined` when absent or no number. */
export function expirationOf(text: string | undefined, source: ExpirationSource, notes: Note[]): number | undefined {
  if (text === undefined) return undefined;
  const where = `annotation ${source.annotation} of the ${source.on}`;
  const value = parseGoInt(text);
  if (value === undefined) {
    notes.push({ reason: 'InvalidTokenExpiration', message: `${where} is no whole number of seconds and was ignored` });
    return undefined;
  }
  const { seconds, clamped } = clampExpiration(value, source.maximum);
  if (clamped === 'below-minimum')
    notes.push({ reason: 'TokenExpirationTooShort', message: `${where} is below ${seconds} seconds, ${seconds} was used` });
  if (clamped === 'above-maximum')
    notes.push({ reason: 'TokenExpirationTooLong', message: `${where} is above ${seconds} seconds, ${seconds} was used` });
  return seconds;
}
