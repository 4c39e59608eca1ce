import type { Note, ReasonCode } from '../identity/reason-codes.ts';
import { type CredentialMethod, MAX_TOKEN_EXPIRATION_SECONDS, WEB_IDENTITY } from '../identity/token-volume.ts';
import type { AccountSettings } from './account-settings.ts';
import type { Identities } from './identities.ts';
import { type Mapping, type MappingEntry, mappingEntry } from './mapping.ts';
import type { ContainerCredentialsOptions, WebhookOptions } from './options.ts';

/** What is known of a ServiceAccount. `settings` is `undefined` for one without an annotation of ours. */
export type AccountState = { readonly exists: true; readonly settings: AccountSettings | undefined } | { readonly exists: false };

/** A ServiceAccount's pods get credentials. */
export interface Bound {
  readonly kind: 'bound';
  readonly method: CredentialMethod;
  /** Which of the sources decided. */
  readonly origin: 'container-credentials' | 'service-account' | 'config-map';
  /** The role's ARN, or the URL of the credentials endpoint. */
  readonly source: string;
  readonly audience: string;
  readonly volumeName: string;
  readonly tokenFile: string;
  readonly mountPath: string;
  /** Seconds, before the pod's own wish and before jitter. */
  readonly tokenExpirationSeconds: number;
  readonly stsRegional: boolean;
  /** May be `auto`. */
  readonly region: string | undefined;
  readonly sessionNameFromPod: boolean;
  readonly notes: readonly Note[];
}

/** A ServiceAccount's pods are left alone. */
export interface Unbound {
  readonly kind: 'unbound';
  readonly reason: Extract<ReasonCode, 'NoRole' | 'EmptyRole' | 'ServiceAccountNotFound' | 'RefusedRole'>;
  readonly notes: readonly Note[];
}

export type Binding = Bound | Unbound;

/** Everything that can bind a ServiceAccount. */
export interface BindingSources {
  readonly account: AccountState;
  readonly mapping: Mapping;
  readonly identities: Identities;
}

export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Which credentials the pods of a ServiceAccount get. First match wins: the container credentials file, a role on the account, the
 * mapping's exact entry, its patterns. Within a branch nothing is merged from another, as upstream has it.
 */
export function resolveBinding({ namespace, name }: AccountName, sources: BindingSources, options: WebhookOptions): Binding {
  const { account, mapping, identities } = sources;
  const settings = account.exists ? account.settings : undefined;
  if (options.containerCredentials !== undefined && identities.has(`${namespace}/${name}`)) {
    return containerCredentials(options.containerCredentials, { key: `${namespace}/${name}`, sources, options });
  }
  if (settings !== undefined && settings.role !== '') {
    return webIdentity(
      {
        origin: 'service-account',
        role: settings.role,
        audience: settings.audience ?? options.audience,
        stsRegional: settings.stsRegional ?? options.stsRegional,
        tokenExpirationSeconds: settings.tokenExpirationSeconds,
        notes: joined(settings.roleNotes, settings.notes),
      },
      settings,
      options,
    );
  }
  const entry = options.mapping ? mappingEntry(mapping, namespace, name) : undefined;
  if (entry !== undefined) return webIdentity({ ...entry, origin: 'config-map' }, settings, options);
  if (!account.exists) return NOT_FOUND;
  return settings?.roleIsEmpty === true ? EMPTY_ROLE : NO_ROLE;
}

const NO_NOTES: readonly Note[] = [];
const NO_ROLE: Unbound = { kind: 'unbound', reason: 'NoRole', notes: NO_NOTES };
const EMPTY_ROLE: Unbound = { kind: 'unbound', reason: 'EmptyRole', notes: NO_NOTES };
const NOT_FOUND: Unbound = { kind: 'unbound', reason: 'ServiceAccountNotFound', notes: NO_NOTES };

/** A role and what comes with it, from one source alone. */
interface RoleSource extends MappingEntry {
  readonly origin: 'service-account' | 'config-map';
}

/** Region and session name are podrole's own settings of the account and hold for a mapped role too. */
function webIdentity(from: RoleSource, settings: AccountSettings | undefined, options: WebhookOptions): Binding {
  const { notes } = from;
  if (options.refuseInvalidRoles && notes.some(({ reason }) => reason === 'InvalidRoleArn'))
    return { kind: 'unbound', reason: 'RefusedRole', notes };
  return {
    kind: 'bound',
    method: 'web-identity',
    origin: from.origin,
    source: from.role,
    audience: from.audience,
    volumeName: WEB_IDENTITY.volumeName,
    tokenFile: WEB_IDENTITY.tokenFile,
    mountPath: options.mountPath,
    tokenExpirationSeconds: from.tokenExpirationSeconds ?? options.tokenExpirationSeconds,
    stsRegional: from.stsRegional,
    region: settings?.region ?? options.region,
    sessionNameFromPod: settings?.sessionNameFromPod ?? options.sessionNameFromPod,
    notes,
  };
}

function joined(one: readonly Note[], other: readonly Note[]): readonly Note[] {
  return one.length === 0 ? other : other.length === 0 ? one : [...one, ...other];
}

interface ContainerCredentialsCase {
  readonly key: string;
  readonly sources: BindingSources;
  readonly options: WebhookOptions;
}

/** The role is the association's and unknown here. Patterns of the mapping are not consulted, and without any source the constants count, as upstream has it. */
function containerCredentials(names: ContainerCredentialsOptions, { key, sources, options }: ContainerCredentialsCase): Bound {
  const { account } = sources;
  const settings = account.exists ? account.settings : undefined;
  const entry = options.mapping ? sources.mapping.exact.get(key) : undefined;
  const fromEntry = {
    sts: entry?.stsRegional ?? false,
    seconds: entry === undefined ? MAX_TOKEN_EXPIRATION_SECONDS : (entry.tokenExpirationSeconds ?? options.tokenExpirationSeconds),
  };
  return {
    kind: 'bound',
    method: 'container-credentials',
    origin: 'container-credentials',
    source: names.fullUri,
    audience: names.audience,
    volumeName: names.volumeName,
    tokenFile: names.tokenFile,
    mountPath: names.mountPath,
    tokenExpirationSeconds: account.exists ? (settings?.tokenExpirationSeconds ?? options.tokenExpirationSeconds) : fromEntry.seconds,
    stsRegional: account.exists ? (settings?.stsRegional ?? options.stsRegional) : fromEntry.sts,
    region: settings?.region ?? options.region,
    sessionNameFromPod: false,
    notes: settings?.notes ?? NO_NOTES,
  };
}
