import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiRequest } from '../context.ts';
import type { Present } from '../list-watch/watch.ts';

const META = 'meta.k8s.io/v1';

/** How each object of a request is shown: whole, or by its metadata alone. */
export function present(call: ApiRequest): Present {
  return call.wanted.as === 'PartialObjectMetadata' ? partial : (object) => object;
}

/** The same for a whole answer, which may be a list or a Status. */
export function presentResult(call: ApiRequest, body: unknown): unknown {
  if (call.wanted.as !== 'PartialObjectMetadata' || !isJsonObject(body) || body.kind === 'Status') return body;
  const items = itemsOf(call, body);
  if (!items) return isObject(body) ? partial(body) : body;
  const { resourceVersion, continue: next, remainingItemCount } = isJsonObject(body.metadata) ? body.metadata : {};
  const metadata = {
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(next ? { continue: next } : {}),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
  return { kind: 'PartialObjectMetadataList', apiVersion: META, metadata, items: items.map(partial) };
}

/** The objects of a list answer; `undefined` when the answer is one object. */
export function itemsOf({ type }: ApiRequest, body: Readonly<Record<string, unknown>>): readonly KubeObject[] | undefined {
  if (body.kind !== type.listKind || !Array.isArray(body.items)) return undefined;
  return body.items.filter(isObject);
}

export function isObject(value: unknown): value is KubeObject {
  return isJsonObject(value) && isJsonObject(value.metadata);
}

function partial(object: KubeObject): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: META, metadata: object.metadata };
}
