import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiRequest, ApiResult } from '../context.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { mediaType, readObjectBody } from '../request/read-body.ts';
import { readObject } from '../resources/canonical.ts';
import { checkKind } from '../resources/check-kind.ts';
import { apiVersionOfType, expectedBody, type ResourceType } from '../resources/resource-type.ts';
import { selectorText } from '../selectors/selector-text.ts';
import { invalid, invalidValue } from '../status/field-error.ts';
import { conflict, unsupportedMedia } from '../status/refusal.ts';
import type { AdmissionChain } from './admission-chain.ts';
import { cannotBeHandled } from './create.ts';
import { readPatch } from './patch.ts';
import { readOne } from './read-one.ts';
import { type Intended, writeUpdate } from './update.ts';
import { judgeFields, listKeys, type WriteOptions, withManagedFields, writeOptions } from './write-options.ts';

const PATCHES = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json'];

/** How many a workload has when it does not say. */
const DEFAULT_REPLICAS = 1;

/** The type of what `scale` of a workload reads and writes: one for all workloads. */
export function scaleType(type: ResourceType): ResourceType {
  return { ...type, group: 'autoscaling', version: 'v1', kind: 'Scale', body: { kind: 'built-in', typeName: 'autoscaling.v1.Scale' } };
}

/** GET `NAME/scale` of a workload. */
export async function readScale(call: ApiRequest): Promise<ApiResult> {
  const { code, body } = await readOne(call);
  return { code, body: scaleOf(call.type, body) };
}

/**
 * PUT and PATCH of `NAME/scale`: the replicas of the workload and nothing else, as `kubectl scale` writes them. Admission webhooks are not
 * asked: what they would see is a Scale, which nothing that is run beside a sandbox registers for.
 */
export async function writeScale(call: ApiRequest): Promise<ApiResult> {
  const put = call.request.method === 'PUT';
  if (!put && !PATCHES.includes(mediaType(call.request))) throw unsupportedMedia(PATCHES);
  const options = writeOptions(call, put ? 'UpdateOptions' : 'PatchOptions');
  const asScale: ApiRequest = { ...call, type: scaleType(call.type) };
  const intend = await (put ? readWhole(asScale, options) : readPatch(asScale, options));
  const written = await writeUpdate(call, options, unasked, async (live) => {
    const { object, warnings = [] } = intend(scaleOf(call.type, live));
    return { object: recorded(call, options, live, scaled(call.type, live, object)), recorded: true, warnings };
  });
  return { ...written, body: scaleOf(call.type, written.body) };
}

/** The writer owns the replicas through this door, since when is not said. None at all is not written in a Scale, hence owned by nobody. */
function recorded(call: ApiRequest, options: WriteOptions, live: KubeObject, next: KubeObject): KubeObject {
  const entries = recordUpdate({
    before: live,
    after: next,
    manager: options.fieldManager,
    apiVersion: apiVersionOfType(call.type),
    subresource: 'scale',
    now: call.context.clock.now(),
    listKeys: listKeys(call.type),
  });
  const none = isJsonObject(next.spec) && next.spec.replicas === 0;
  const kept = entries.flatMap((entry) => {
    if (entry.subresource !== 'scale') return [entry];
    const { time: _time, ...timeless } = entry;
    return none ? [] : [timeless];
  });
  return withManagedFields(next, kept);
}

const unasked: AdmissionChain = async ({ object }) => ({ object, warnings: [] });

async function readWhole(call: ApiRequest, options: WriteOptions): Promise<(live: KubeObject) => Intended> {
  const { type, context } = call;
  const body = await readObjectBody(call.request, expectedBody(type));
  checkKind(context.registry, type, body.value);
  const read = readObject(type, body.value);
  if (!read.ok) throw cannotBeHandled(type, read.message);
  const warnings = judgeFields(call, options, { unknown: read.unknownFields, duplicate: body.duplicateFields });
  return () => ({ object: read.object, warnings });
}

function scaleOf(type: ResourceType, workload: unknown): KubeObject {
  const { metadata = {}, spec = {}, status = {} } = isJsonObject(workload) ? workload : {};
  const { name, namespace, uid, resourceVersion, creationTimestamp } = isJsonObject(metadata) ? metadata : {};
  const { replicas = DEFAULT_REPLICAS, selector } = isJsonObject(spec) ? spec : {};
  const read = readObject(scaleType(type), {
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas },
    status: { replicas: isJsonObject(status) ? status.replicas : 0, selector: selectorText(selector) },
  });
  if (!read.ok) throw new TypeError(`a ${type.kind} has no scale: ${read.message}`);
  return read.object;
}

/** The workload with the replicas that a scale asks for, on the condition of the version and the uid that it names. */
function scaled(type: ResourceType, live: KubeObject, scale: KubeObject): KubeObject {
  const { uid, resourceVersion } = scale.metadata;
  const name = live.metadata.name ?? '';
  const asked = isJsonObject(scale.spec) ? (scale.spec.replicas ?? 0) : 0;
  if (typeof asked !== 'number' || asked < 0) {
    throw invalid(scaleType(type), name, [invalidValue('spec.replicas', asked, 'must be greater than or equal to 0')]);
  }
  if (uid && uid !== live.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid ?? ''}`;
    throw conflict(`${type.plural}/scale.${type.group}`, { name, group: type.group, kind: `${type.plural}/scale` }, why);
  }
  const { resourceVersion: _live, ...metadata } = live.metadata;
  return {
    ...live,
    metadata: resourceVersion === undefined ? metadata : { ...metadata, resourceVersion },
    spec: { ...(isJsonObject(live.spec) ? live.spec : {}), replicas: asked },
  };
}
