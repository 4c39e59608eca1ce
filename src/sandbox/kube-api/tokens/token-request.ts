import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../kube/core/object.ts';
import type { Status } from '../../../kube/core/status.ts';
import { signToken } from '../../../oidc/sign-token.ts';
import type { SigningKey } from '../../../oidc/signing-key.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { API_TOKEN_SECONDS } from '../pods/service-account-admission.ts';
import { type FieldError, invalid, invalidValue } from '../status/field-error.ts';
import { badRequest, conflict, notFound, type Refusal } from '../status/refusal.ts';
import { reviewKeys } from './internal/review-keys.ts';

/** A POST of a TokenRequest to an account's `token` subresource. */
export interface TokenIssue {
  /** The TokenRequest as sent; only its `spec` and metadata are read. */
  readonly body: JsonObject;
  readonly serviceAccount: KubeObject;
  /** The object that `spec.boundObjectRef` names, where there is one. */
  readonly boundPod?: KubeObject | undefined;
  readonly boundSecret?: KubeObject | undefined;
  readonly boundNode?: KubeObject | undefined;
  /** The node of the bound pod, as far as it is known: the name alone when the Node object is absent. */
  readonly podNode?: NodeRef | undefined;
  readonly signingKey: SigningKey;
  readonly issuer: string;
  readonly apiAudiences: readonly string[];
  readonly now: Date;
  /** A new UUID, for `jti`. */
  readonly newId: () => string;
  /** Who writes the request; absent: no `managedFields` in the answer. */
  readonly manager?: string | undefined;
}

export interface NodeRef {
  readonly name: string;
  readonly uid?: string;
}

export type TokenIssueOutcome = { readonly ok: true; readonly body: JsonObject } | { readonly ok: false; readonly status: Status };

const API_VERSION = 'authentication.k8s.io/v1';
const KIND = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const EXTENDED_SECONDS = 365 * 24 * 3600;

/** What `spec.boundObjectRef` of a TokenRequest names, so that a caller knows what to look up. */
export interface BoundReference {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly uid: string;
}

/** The reference of a TokenRequest, undefined when the token is bound to its account alone. */
export function boundReferenceOf(body: JsonObject): BoundReference | undefined {
  const spec = isJsonObject(body.spec) ? body.spec : {};
  const reference = spec.boundObjectRef;
  if (!isJsonObject(reference)) return undefined;
  const text = (name: string): string => (typeof reference[name] === 'string' ? String(reference[name]) : '');
  return { kind: text('kind'), apiVersion: text('apiVersion'), name: text('name'), uid: text('uid') };
}

/**
 * Issues a token for a service account as `serviceaccounts/token` does. Refuses with 422 lives below 10 minutes and above 2^32 seconds,
 * 404 an absent bound object, 409 another uid than asked for, 400 a pod of another account and other kinds of objects.
 * A token bound to a pod, for the API server and of 3607 s lives a year and says in `warnafter` when it should have gone (KEP-1205).
 */
export async function issueToken(issue: TokenIssue): Promise<TokenIssueOutcome> {
  const spec = readSpec(issue);
  const refusal = metadataRefusal(issue) ?? secondsRefusal(spec.expirationSeconds) ?? boundRefusal(issue, spec.boundObjectRef);
  if (refusal !== undefined) return { ok: false, status: refusal.status };
  const token = await signToken({ key: issue.signingKey, claims: claimsOf(issue, spec) });
  const expires = new Date(issue.now.getTime() + spec.expirationSeconds * 1000);
  const body: JsonObject = {
    kind: 'TokenRequest',
    apiVersion: API_VERSION,
    metadata: metadataOf(issue, spec),
    spec: {
      audiences: spec.audiences,
      expirationSeconds: spec.expirationSeconds,
      boundObjectRef: spec.boundObjectRef === undefined ? null : withoutEmpty({ ...spec.boundObjectRef }),
    },
    status: { token, expirationTimestamp: metaTime(expires) },
  };
  return { ok: true, body };
}

interface Spec {
  readonly audiences: readonly string[];
  readonly askedAudiences: readonly string[];
  readonly expirationSeconds: number;
  readonly boundObjectRef: BoundReference | undefined;
}

function readSpec({ body, apiAudiences }: TokenIssue): Spec {
  const spec = isJsonObject(body.spec) ? body.spec : {};
  const audiences = spec.audiences;
  const askedAudiences = Array.isArray(audiences) ? audiences.filter((each): each is string => typeof each === 'string') : [];
  return {
    askedAudiences,
    audiences: askedAudiences.length === 0 ? apiAudiences : askedAudiences,
    expirationSeconds: typeof spec.expirationSeconds === 'number' ? spec.expirationSeconds : DEFAULT_SECONDS,
    boundObjectRef: boundReferenceOf(body),
  };
}

function metadataRefusal({ body, serviceAccount }: TokenIssue): Refusal | undefined {
  const metadata = isJsonObject(body.metadata) ? body.metadata : {};
  const { name = '', namespace, uid = '' } = serviceAccount.metadata;
  if (metadata.name && metadata.name !== name) {
    return invalid(KIND, name, [invalidValue('metadata.name', metadata.name, 'must match the service account name if specified')]);
  }
  if (metadata.namespace && metadata.namespace !== namespace) {
    return badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (metadata.uid && metadata.uid !== uid) {
    const why = `the UID in the token request (${String(metadata.uid)}) does not match the UID of the service account (${uid})`;
    return conflict(`${KIND.kind}.${KIND.group}`, { name, ...KIND }, why);
  }
  return undefined;
}

function secondsRefusal(seconds: number): Refusal | undefined {
  const errors: FieldError[] = [];
  const path = 'spec.expirationSeconds';
  if (seconds < MIN_SECONDS) errors.push(invalidValue(path, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > MAX_SECONDS) errors.push(invalidValue(path, seconds, 'may not specify a duration larger than 2^32 seconds'));
  return errors.length === 0 ? undefined : invalid(KIND, '', errors);
}

function boundRefusal(issue: TokenIssue, reference: BoundReference | undefined): Refusal | undefined {
  if (reference === undefined) return undefined;
  const { kind, apiVersion, name, uid } = reference;
  const found = boundObject(issue, reference);
  if (found === undefined) return badRequest(`cannot bind token to object of type ${goKind(apiVersion, kind)}`);
  const account = issue.serviceAccount.metadata.name ?? '';
  if (name === '') return badRequest('Name parameter required.');
  if (found.object === undefined) return notFound({ group: '', plural: found.plural }, name);
  const spec = isJsonObject(found.object.spec) ? found.object.spec : {};
  if (kind === 'Pod' && spec.serviceAccountName !== account) {
    return badRequest(`cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`);
  }
  if (uid === '' || uid === found.object.metadata.uid) return undefined;
  const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  return conflict(kind, { name, kind }, why);
}

function boundObject(
  issue: TokenIssue,
  { kind, apiVersion }: BoundReference,
): { readonly plural: string; readonly object: KubeObject | undefined } | undefined {
  if (apiVersion.includes('/')) return undefined;
  switch (kind) {
    case 'Pod':
      return { plural: 'pods', object: issue.boundPod };
    case 'Secret':
      return { plural: 'secrets', object: issue.boundSecret };
    case 'Node':
      return { plural: 'nodes', object: issue.boundNode };
    default:
      return undefined;
  }
}

/** A kind as Go's `GroupVersionKind` prints it. */
function goKind(apiVersion: string, kind: string): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

function claimsOf(issue: TokenIssue, spec: Spec): JsonObject {
  const { serviceAccount, apiAudiences } = issue;
  const bound = spec.boundObjectRef?.kind;
  const pod = bound === 'Pod' ? issue.boundPod : undefined;
  const node = bound === 'Node' ? issue.boundNode?.metadata : pod && issue.podNode;
  const secret = bound === 'Secret' ? issue.boundSecret : undefined;
  const issuedAt = Math.floor(issue.now.getTime() / 1000);
  const forApi = spec.audiences.every((audience) => apiAudiences.includes(audience));
  const extended = pod !== undefined && forApi && spec.expirationSeconds === API_TOKEN_SECONDS;
  const { name = '', namespace = '' } = serviceAccount.metadata;
  return {
    aud: spec.audiences,
    exp: issuedAt + (extended ? EXTENDED_SECONDS : spec.expirationSeconds),
    iat: issuedAt,
    iss: issue.issuer,
    jti: issue.newId(),
    'kubernetes.io': {
      namespace,
      ...(node === undefined ? {} : { node: referenceTo(node) }),
      ...(pod === undefined ? {} : { pod: referenceTo(pod.metadata) }),
      ...(secret === undefined ? {} : { secret: referenceTo(secret.metadata) }),
      serviceaccount: referenceTo(serviceAccount.metadata),
      ...(extended ? { warnafter: issuedAt + spec.expirationSeconds } : {}),
    },
    nbf: issuedAt,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
}

function referenceTo({ name, uid }: { readonly name?: string; readonly uid?: string }): JsonObject {
  return withoutEmpty({ name, uid });
}

function withoutEmpty(members: Readonly<Record<string, string | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== ''));
}

function metadataOf(issue: TokenIssue, spec: Spec): JsonObject {
  const { name, namespace, uid } = issue.serviceAccount.metadata;
  const managedFields = issue.manager === undefined ? [] : ownersOf(issue, spec, issue.manager);
  return {
    ...withoutEmpty({ name, namespace, uid }),
    creationTimestamp: metaTime(issue.now),
    ...(managedFields.length === 0 ? {} : { managedFields: managedFields as unknown as JsonObject[] }),
  };
}

/** The request's fields are the writer's, the defaulted life among them; the audiences only when asked for. */
function ownersOf(issue: TokenIssue, spec: Spec, manager: string): ManagedFieldsEntry[] {
  const reference = spec.boundObjectRef === undefined ? null : withoutEmpty({ ...spec.boundObjectRef });
  const audiences = spec.askedAudiences.length === 0 ? null : spec.askedAudiences;
  const after: KubeObject = { metadata: {}, spec: { audiences, expirationSeconds: spec.expirationSeconds, boundObjectRef: reference } };
  const zero = { metadata: {}, spec: { audiences: null, expirationSeconds: null, boundObjectRef: null } };
  return recordUpdate({
    before: undefined,
    after,
    manager,
    apiVersion: API_VERSION,
    subresource: 'token',
    now: issue.now,
    listKeys: reviewKeys(zero),
  });
}

function metaTime(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
