import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiContext, ApiRequest, ApiResult } from '../context.ts';
import { fieldManager } from '../request/query.ts';
import { readObjectBody } from '../request/read-body.ts';
import { readObject } from '../resources/canonical.ts';
import { checkKind } from '../resources/check-kind.ts';
import { expectedBody, type ResourceType } from '../resources/resource-type.ts';
import { badRequest, notFound, Refusal } from '../status/refusal.ts';
import { boundReferenceOf, issueToken, type NodeRef } from '../tokens/token-request.ts';
import { reviewToken, type TokenJudge } from '../tokens/token-review.ts';
import { cannotBeHandled } from '../verbs/create.ts';

/** What the tokens of this server's service accounts are judged by. */
export function tokenJudge({ store, clock, issuer, signingKey, apiAudiences }: ApiContext): TokenJudge {
  return {
    apiAudiences,
    issuer,
    keys: [signingKey.publicJwk],
    now: clock.now(),
    lookup: {
      serviceAccount: (namespace, name) => store.get('serviceaccounts', `${namespace}/${name}`),
      pod: (namespace, name) => store.get('pods', `${namespace}/${name}`),
      secret: (namespace, name) => store.get('secrets', `${namespace}/${name}`),
      node: (name) => store.get('nodes', name),
    },
  };
}

const TOKEN_REQUEST: Pick<ResourceType, 'group' | 'version' | 'kind' | 'body'> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  body: { kind: 'built-in', typeName: 'authentication.v1.TokenRequest' },
};

/** POST `serviceaccounts/NAME/token`. */
export async function requestToken(call: ApiRequest): Promise<ApiResult> {
  const { context, type, namespace = '', name = '' } = call;
  const serviceAccount = context.store.get(type.bucket, `${namespace}/${name}`);
  if (!serviceAccount) throw notFound(type, name);
  const body = await readTokenRequest(call);
  const outcome = await issueToken({
    body,
    serviceAccount,
    ...boundObjects(context, namespace, body),
    signingKey: context.signingKey,
    issuer: context.issuer,
    apiAudiences: context.apiAudiences,
    now: context.clock.now(),
    newId: context.newId,
    manager: fieldManager(call.query, call.request.headers.get('user-agent')),
  });
  if (!outcome.ok) throw new Refusal(outcome.status);
  return { code: 201, body: outcome.body };
}

async function readTokenRequest(call: ApiRequest): Promise<JsonObject> {
  const type: ResourceType = { ...call.type, ...TOKEN_REQUEST };
  const { value: body } = await readObjectBody(call.request, expectedBody(type));
  checkKind(call.context.registry, type, body);
  const read = readObject(type, body);
  if (!read.ok) throw cannotBeHandled(type, read.message);
  return isJsonObject(body) ? body : {};
}

interface BoundObjects {
  readonly boundPod?: KubeObject | undefined;
  readonly boundSecret?: KubeObject | undefined;
  readonly boundNode?: KubeObject | undefined;
  readonly podNode?: NodeRef | undefined;
}

function boundObjects({ store }: ApiContext, namespace: string, body: JsonObject): BoundObjects {
  const reference = boundReferenceOf(body);
  if (!reference) return {};
  switch (reference.kind) {
    case 'Pod': {
      const boundPod = store.get('pods', `${namespace}/${reference.name}`);
      const spec = boundPod?.spec;
      const nodeName = isJsonObject(spec) && typeof spec.nodeName === 'string' ? spec.nodeName : '';
      if (nodeName === '') return { boundPod };
      const uid = store.get('nodes', nodeName)?.metadata.uid;
      return { boundPod, podNode: uid === undefined ? { name: nodeName } : { name: nodeName, uid } };
    }
    case 'Secret':
      return { boundSecret: store.get('secrets', `${namespace}/${reference.name}`) };
    case 'Node':
      return { boundNode: store.get('nodes', reference.name) };
    default:
      return {};
  }
}

/** POST of a TokenReview. */
export async function reviewTokens(call: ApiRequest): Promise<ApiResult> {
  const { context, type } = call;
  const { value: body } = await readObjectBody(call.request, expectedBody(type));
  checkKind(context.registry, type, body);
  const read = readObject(type, body);
  if (!read.ok) throw cannotBeHandled(type, read.message);
  const spec = isJsonObject(read.object.spec) ? read.object.spec : {};
  const token = typeof spec.token === 'string' ? spec.token : '';
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const audiences = Array.isArray(spec.audiences) ? spec.audiences.map(String) : [];
  const manager = fieldManager(call.query, call.request.headers.get('user-agent'));
  return { code: 201, body: await reviewToken({ ...tokenJudge(context), token, audiences, manager }) };
}
