import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { decodeToken } from '../../../oidc/decode-token.ts';
import type { PublicJwk } from '../../../oidc/key-set.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { reviewKeys } from './internal/review-keys.ts';
import { isSignedBy } from './internal/signature.ts';

/** What a token is judged by. */
export interface TokenJudge {
  readonly apiAudiences: readonly string[];
  readonly issuer: string;
  /** The issuer's keys, those being retired among them. */
  readonly keys: readonly PublicJwk[];
  readonly now: Date;
  readonly lookup: TokenLookup;
}

/** Live reads of what a token names. A token bound to a kind that cannot be looked up is refused. */
export interface TokenLookup {
  serviceAccount(namespace: string, name: string): KubeObject | undefined;
  pod(namespace: string, name: string): KubeObject | undefined;
  secret?(namespace: string, name: string): KubeObject | undefined;
  node?(name: string): KubeObject | undefined;
}

/** The user that a service account token stands for. */
export interface TokenUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export type TokenVerdict =
  | { readonly ok: true; readonly user: TokenUser; readonly audiences: readonly string[] }
  /** `error` is undefined for what is no token of this issuer at all: other authenticators may know it. */
  | { readonly ok: false; readonly error: string | undefined };

/**
 * Judges a service account token: issuer, key, signature, times, audience, and that its account and the object it is bound to still live
 * with the uids it names. `audiences`: those the caller is, empty for the API server's own. Texts as `pkg/serviceaccount`.
 */
export async function authenticateToken(token: string, audiences: readonly string[], judge: TokenJudge): Promise<TokenVerdict> {
  const decoded = decodeToken(token);
  if (!decoded.ok || decoded.token.claims.iss !== judge.issuer) return { ok: false, error: undefined };
  const { header, claims, compact } = decoded.token;
  const key = judge.keys.find(({ kid }) => kid === header.kid);
  if (key === undefined) return refused('invalid signature, no keys found');
  if (!(await isSignedBy(compact, key))) return refused('go-jose/go-jose: error in cryptographic primitive');

  const wanted = audiences.length === 0 ? judge.apiAudiences : audiences;
  const own = textsOf(claims.aud);
  const common = wanted.filter((audience) => own.includes(audience));
  if (common.length === 0) {
    return refused(`token audiences ${goList(own)} is invalid for the target audiences ${goList(wanted)}`);
  }
  const problem = timeProblem(claims, judge.now) ?? livenessProblem(claims, judge);
  return problem === undefined ? { ok: true, user: userOf(claims), audiences: common } : refused(problem);
}

/**
 * The body of a TokenReview's answer. `audiences`: `spec.audiences` of the request; `manager`: who sent it, for `managedFields`.
 * A token that is refused is answered too, with `status.error`; an empty token is for the caller to refuse with 400.
 */
export async function reviewToken(
  review: TokenJudge & { readonly token: string; readonly audiences: readonly string[]; readonly manager?: string | undefined },
): Promise<JsonObject> {
  const { token, audiences, manager } = review;
  const verdict = await authenticateToken(token, audiences, review);
  const spec: JsonObject = { token, ...(audiences.length === 0 ? {} : { audiences }) };
  const owners =
    manager === undefined
      ? []
      : recordUpdate({
          before: undefined,
          after: { metadata: {}, spec },
          manager,
          apiVersion: 'authentication.k8s.io/v1',
          now: review.now,
          listKeys: reviewKeys({ metadata: {}, spec: {}, status: {} }),
        });
  return {
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: owners.length === 0 ? {} : { managedFields: owners as unknown as JsonObject[] },
    spec,
    status: verdict.ok
      ? { authenticated: true, user: { ...verdict.user }, audiences: verdict.audiences }
      : { user: {}, error: verdict.error === undefined ? 'invalid bearer token' : `[invalid bearer token, ${verdict.error}]` },
  };
}

function refused(error: string): TokenVerdict {
  return { ok: false, error };
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** A list as Go's `%q` prints it. */
function goList(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`;
}

/** Seconds that clocks may differ (`jwt.DefaultLeeway`). */
const LEEWAY = 60;

function timeProblem(claims: JsonObject, now: Date): string | undefined {
  const seconds = now.getTime() / 1000;
  const { exp, nbf, iat } = claims;
  if (typeof nbf === 'number' && seconds + LEEWAY < nbf) return 'service account token is not valid yet';
  if (typeof exp === 'number' && seconds - LEEWAY > exp) return 'service account token has expired';
  return typeof iat === 'number' && seconds + LEEWAY < iat ? 'service account token is issued in the future' : undefined;
}

function livenessProblem(claims: JsonObject, { lookup, now }: TokenJudge): string | undefined {
  const { namespace, account, secret, pod, node } = boundTo(claims);
  const live = lookup.serviceAccount(namespace, account.name);
  if (live === undefined) return `serviceaccounts "${account.name}" not found`;
  if (live.metadata.uid !== account.uid) return `service account UID (${live.metadata.uid ?? ''}) does not match claim (${account.uid})`;
  if (isGone(live, now)) return `service account ${namespace}/${account.name} has been deleted`;
  if (secret !== undefined) return boundProblem('secret', secret, { object: lookup.secret?.(namespace, secret.name), now });
  if (pod !== undefined) return boundProblem('pod', pod, { object: lookup.pod(namespace, pod.name), now });
  // Beside a pod the node is told and not checked.
  return node === undefined ? undefined : boundProblem('node', node, { object: lookup.node?.(node.name), now });
}

function boundProblem(
  kind: 'pod' | 'secret' | 'node',
  { uid }: Reference,
  { object, now }: { readonly object: KubeObject | undefined; readonly now: Date },
): string | undefined {
  if (object === undefined) return 'service account token has been invalidated';
  if (object.metadata.uid !== uid) {
    return `${kind} UID (${object.metadata.uid ?? ''}) does not match service account ${kind} ref claim (${uid})`;
  }
  return isGone(object, now) ? 'service account token has been invalidated' : undefined;
}

/** A token outlives the deletion mark of its object by the leeway; after that it is as if the object were gone. */
function isGone({ metadata }: KubeObject, now: Date): boolean {
  return metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) + LEEWAY * 1000 < now.getTime();
}

interface Reference {
  readonly name: string;
  readonly uid: string;
}

function boundTo(claims: JsonObject): {
  readonly namespace: string;
  readonly account: Reference;
  readonly pod: Reference | undefined;
  readonly secret: Reference | undefined;
  readonly node: Reference | undefined;
} {
  const kubernetes = isJsonObject(claims['kubernetes.io']) ? claims['kubernetes.io'] : {};
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const reference = (value: unknown): Reference | undefined =>
    isJsonObject(value) ? { name: text(value.name), uid: text(value.uid) } : undefined;
  return {
    namespace: text(kubernetes.namespace),
    account: reference(kubernetes.serviceaccount) ?? { name: '', uid: '' },
    pod: reference(kubernetes.pod),
    secret: reference(kubernetes.secret),
    node: reference(kubernetes.node),
  };
}

function userOf(claims: JsonObject): TokenUser {
  const { namespace, account, pod, node } = boundTo(claims);
  const jti = claims.jti;
  const extra = (name: string, value: string | undefined): Record<string, readonly string[]> =>
    value === undefined || value === '' ? {} : { [`authentication.kubernetes.io/${name}`]: [value] };
  return {
    username: `system:serviceaccount:${namespace}:${account.name}`,
    uid: account.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: {
      ...extra('credential-id', typeof jti === 'string' ? `JTI=${jti}` : undefined),
      ...extra('node-name', node?.name),
      ...extra('node-uid', node?.uid),
      ...extra('pod-name', pod?.name),
      ...extra('pod-uid', pod?.uid),
    },
  };
}
