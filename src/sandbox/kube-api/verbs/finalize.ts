import type { ApiRequest, ApiResult } from '../context.ts';
import { readObjectBody } from '../request/read-body.ts';
import { canonical, readObject } from '../resources/canonical.ts';
import { expectedBody } from '../resources/resource-type.ts';
import { modified, notFound } from '../status/refusal.ts';
import { cannotBeHandled } from './create.ts';
import { isGone } from './deletion.ts';

/** PUT `namespaces/NAME/finalize`: the one way to change `spec.finalizers`; without any, a terminating namespace goes. */
export async function finalizeNamespace(call: ApiRequest): Promise<ApiResult> {
  const { context, type, name = '' } = call;
  const body = await readObjectBody(call.request, expectedBody(type));
  const read = readObject(type, body.value);
  if (!read.ok) throw cannotBeHandled(type, read.message);
  const live = context.store.get(type.bucket, name);
  if (!live) throw notFound(type, name);
  const { resourceVersion } = read.object.metadata;
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) throw modified(type, name);
  const next = canonical(type, { ...live, spec: read.object.spec });
  const committed = isGone(next) ? context.store.remove(type.bucket, name, live) : context.store.update(type.bucket, name, next, live);
  if (!committed.ok) throw modified(type, name);
  return { code: 200, body: isGone(next) ? next : committed.object };
}
