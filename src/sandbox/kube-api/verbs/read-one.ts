import type { ApiRequest, ApiResult } from '../context.ts';
import { awaitRevision, parseRevision } from '../list-watch/revision.ts';
import { storageKey } from '../resources/resource-type.ts';
import { toServed } from '../resources/served.ts';
import { notFound } from '../status/refusal.ts';

/** GET of one object. A status subresource reads as the object. */
export async function readOne(call: ApiRequest): Promise<ApiResult> {
  const { type, context, namespace, name = '', query, request } = call;
  await awaitRevision(context, parseRevision(query.get('resourceVersion') ?? ''), request);
  const object = context.store.get(type.bucket, storageKey(namespace, name));
  if (!object) throw notFound(type, name);
  return { code: 200, body: toServed(type, object) };
}
