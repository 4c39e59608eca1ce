import { reviewTokens } from '../authn/service-account-tokens.ts';
import type { ApiRequest, ApiResult } from '../context.ts';
import { list } from '../list-watch/list.ts';
import { type OpenWatches, watch } from '../list-watch/watch.ts';
import { flag } from '../request/query.ts';
import { methodNotAllowed, notFound, type Refusal, unknownResource } from '../status/refusal.ts';
import type { AdmissionChain } from '../verbs/admission-chain.ts';
import { bindPod } from '../verbs/binding.ts';
import { create } from '../verbs/create.ts';
import { deleteCollection, deleteOne } from '../verbs/delete.ts';
import { evictPod } from '../verbs/evict.ts';
import { finalizeNamespace } from '../verbs/finalize.ts';
import { patch } from '../verbs/patch.ts';
import { readOne } from '../verbs/read-one.ts';
import { type Reviewer, review } from '../verbs/reviews.ts';
import { readScale, scaleType, writeScale } from '../verbs/scale.ts';
import { update } from '../verbs/update.ts';
import { present, presentResult } from './present.ts';
import { respond } from './respond.ts';

/** The parts of a server that answer for resources. */
export interface ResourceServices {
  readonly admit: AdmissionChain;
  readonly watches: OpenWatches;
  /** Answers of the review resources, by bucket. */
  readonly reviewers: ReadonlyMap<string, Reviewer>;
  readonly issueToken: (call: ApiRequest) => Promise<ApiResult>;
}

const TOKEN_REVIEWS = 'tokenreviews.authentication.k8s.io';

/** Answers a request for a resource. Throws a Refusal. */
export async function handleResource(call: ApiRequest, services: ResourceServices): Promise<Response> {
  if (isWatch(call)) return watch(call, present(call), services.watches);
  const result = await answer(call, services);
  const shown = call.subresource === 'scale' ? { ...call, type: scaleType(call.type) } : call;
  return respond(result.code, presentResult(shown, result.body), { wanted: call.wanted, warnings: result.warnings ?? [] });
}

function isWatch({ request, query, name, type }: ApiRequest): boolean {
  return request.method === 'GET' && name === undefined && flag(query, 'watch') && type.verbs.includes('watch');
}

function answer(call: ApiRequest, services: ResourceServices): Promise<ApiResult> {
  if (call.subresource !== undefined) return answerSubresource(call, call.subresource, services);
  if (call.name === undefined) return answerCollection(call, services);
  if (!call.type.verbs.includes('get')) throw unknownResource();
  switch (call.request.method) {
    case 'GET':
      return readOne(call);
    case 'PUT':
      return update(call, services.admit);
    case 'PATCH':
      return patch(call, services.admit);
    case 'DELETE':
      return deleteOne(call, services.admit);
    default:
      throw methodNotAllowed();
  }
}

function answerCollection(call: ApiRequest, { admit, reviewers }: ResourceServices): Promise<ApiResult> {
  const { type, namespace } = call;
  const reviewer = reviewers.get(type.bucket);
  const { method } = call.request;
  if (method === 'POST') {
    if (type.bucket === TOKEN_REVIEWS) return reviewTokens(call);
    if (type.namespaced && namespace === undefined) throw methodNotAllowed();
    return reviewer ? review(call, reviewer) : create(call, admit);
  }
  if (method === 'GET' && type.verbs.includes('list')) return list(call);
  if (method === 'DELETE' && type.verbs.includes('deletecollection') && !(type.namespaced && namespace === undefined)) {
    return deleteCollection(call, admit);
  }
  throw methodNotAllowed();
}

/** Custom resources know the paths of the subresources that they may have; a built-in kind has those that it has. */
function absentSubresource({ type, subresource, name = '' }: ApiRequest): Refusal {
  return type.body.kind === 'custom' && (subresource === 'status' || subresource === 'scale') ? notFound(type, name) : unknownResource();
}

function answerSubresource(call: ApiRequest, subresource: string, services: ResourceServices): Promise<ApiResult> {
  if (!call.type.subresources.includes(subresource)) throw absentSubresource(call);
  const { method } = call.request;
  const { bucket } = call.type;
  if (subresource === 'status') {
    if (method === 'GET') return readOne(call);
    if (method === 'PUT') return update(call, services.admit);
    if (method === 'PATCH') return patch(call, services.admit);
  }
  if (subresource === 'scale') {
    if (method === 'GET') return readScale(call);
    if (method === 'PUT' || method === 'PATCH') return writeScale(call);
  }
  if (subresource === 'token' && method === 'POST') return services.issueToken(call);
  if (subresource === 'binding' && bucket === 'pods' && method === 'POST') return bindPod(call);
  if (subresource === 'eviction' && bucket === 'pods' && method === 'POST') return evictPod(call);
  if (subresource === 'finalize' && method === 'PUT') return finalizeNamespace(call);
  throw methodNotAllowed();
}
