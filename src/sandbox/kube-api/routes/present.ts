import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiRequest } from '../context.ts';
import type { Present } from '../list-watch/watch.ts';
import { toTable } from '../printing/table.ts';
import { decode } from '../resources/decode.ts';
import { failure, Refusal } from '../status/refusal.ts';

const META = 'meta.k8s.io/v1';

/** What the metadata of a list or of one object says about the answer. */
interface AnswerMetadata {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** How each object of a watch is shown: whole, by its metadata alone, or as a table of one row, the first of which names the columns. */
export function present(call: ApiRequest): Present {
  if (call.wanted.as === 'PartialObjectMetadata' || call.wanted.as === 'PartialObjectMetadataList') return partial;
  if (call.wanted.as === 'object') return (object) => object;
  let first = true;
  return (object) => {
    const withoutHeaders = !first;
    first = false;
    return table(call, [object], { withoutHeaders, metadata: pick(object.metadata) });
  };
}

/** The same for a whole answer, which may be a list, one object or a Status. */
export function presentResult(call: ApiRequest, body: unknown): unknown {
  const { as } = call.wanted;
  if (as === 'object' || !isJsonObject(body) || body.kind === 'Status') return body;
  const items = itemsOf(call, body);
  const metadata = isJsonObject(body.metadata) ? pick(body.metadata) : {};
  if (!items && !isObject(body)) return body;
  const objects = items ?? (isObject(body) ? [body] : []);
  if (as === 'Table') return table(call, objects, { withoutHeaders: false, metadata });
  if ((as === 'PartialObjectMetadataList') !== (items !== undefined)) throw otherShape(call, items !== undefined);
  if (!items) return isObject(body) ? partial(body) : body;
  return { kind: 'PartialObjectMetadataList', apiVersion: META, metadata, items: items.map(partial) };
}

function pick(metadata: AnswerMetadata): AnswerMetadata {
  return {
    ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
    ...(metadata.continue ? { continue: metadata.continue } : {}),
    ...(metadata.remainingItemCount === undefined ? {} : { remainingItemCount: metadata.remainingItemCount }),
  };
}

interface TableShape {
  readonly withoutHeaders: boolean;
  readonly metadata: AnswerMetadata;
}

function table(call: ApiRequest, objects: readonly KubeObject[], { withoutHeaders, metadata }: TableShape): unknown {
  const { type, context, query } = call;
  const whole = includeObject(query.get('includeObject') ?? '');
  return toTable({
    group: type.group,
    kind: type.kind,
    columns: type.body.kind === 'custom' ? type.body.columns : undefined,
    objects:
      whole === 'Object' || type.body.kind === 'built-in'
        ? objects
        : objects.map((object) => ({ ...object, metadata: typedMetadata(object) })),
    metadata,
    now: context.clock.now(),
    includeObject: whole,
    withoutHeaders,
  });
}

/** Metadata of one object is another representation than that of a list. */
function otherShape({ wanted, type }: ApiRequest, isList: boolean): Refusal {
  const found =
    type.body.kind === 'custom'
      ? 'unstructured.Unstructured'
      : `${type.group === '' ? 'core' : type.group.split('.', 1).join()}.${type.kind}`;
  const text = `you requested ${wanted.as}, but the requested object is ${isList ? 'a list' : 'not a list'} (*${found}${isList ? 'List' : ''})`;
  return new Refusal(failure(406, text, { reason: 'NotAcceptable' }));
}

function includeObject(value: string): 'None' | 'Metadata' | 'Object' {
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw new Refusal(failure(400, `unrecognized includeObject value: ${JSON.stringify(value)}`, { reason: 'BadRequest' }));
}

/** The objects of a list answer, with the kind and apiVersion that items of built-in lists leave out. */
function itemsOf({ type }: ApiRequest, body: Readonly<Record<string, unknown>>): readonly KubeObject[] | undefined {
  if (body.kind !== type.listKind || !Array.isArray(body.items)) return undefined;
  return body.items.filter(isObject).map((item) => ({ kind: type.kind, apiVersion: String(body.apiVersion), ...item }));
}

function isObject(value: unknown): value is KubeObject {
  return isJsonObject(value) && isJsonObject(value.metadata);
}

function partial(object: KubeObject): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: META, metadata: typedMetadata(object) };
}

/** Metadata alone is a type of its own, whose members have the order of built-in types even where a custom resource's are sorted. */
function typedMetadata({ metadata }: KubeObject): KubeObject['metadata'] {
  const decoded = decode('meta.v1.ObjectMeta', metadata);
  return decoded.ok ? decoded.value : metadata;
}
