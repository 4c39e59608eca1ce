import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiRequest, ApiResult } from '../context.ts';
import { validateCustom } from '../crd/validate-custom.ts';
import { behaviourOf } from '../kinds/kinds.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { readObjectBody } from '../request/read-body.ts';
import { canonical, readObject } from '../resources/canonical.ts';
import { checkKind } from '../resources/check-kind.ts';
import { hasStatus, specChanged } from '../resources/generation.ts';
import { apiVersionOfType, expectedBody, type ResourceType, storageKey } from '../resources/resource-type.ts';
import { toServed } from '../resources/served.ts';
import { resourceVersionRequired, validateFinalizers, validateMeta, validateMetaUpdate } from '../resources/validate-meta.ts';
import { invalid, invalidAs } from '../status/field-error.ts';
import { badRequest, conflict, failure, modified, notFound, qualifiedResource, Refusal, warned } from '../status/refusal.ts';
import type { AdmissionChain } from './admission-chain.ts';
import { cannotBeHandled, createObject, decoded, recordCreate } from './create.ts';
import { isGone } from './deletion.ts';
import { isNoOp } from './no-op.ts';
import { judgeFields, listKeys, type WriteOptions, withManagedFields, writeOptions } from './write-options.ts';

/** What a write makes of the live object; its managed fields are recorded already when `recorded` is set. */
export interface Intended {
  readonly object: KubeObject;
  readonly recorded?: boolean;
  /** The uid in it says which object is meant, rather than what it shall be. */
  readonly bound?: boolean;
  readonly warnings?: readonly string[];
}

/** PUT of an object or of its status. */
export async function update(call: ApiRequest, admit: AdmissionChain): Promise<ApiResult> {
  const { type, name = '', namespace } = call;
  const options = writeOptions(call, 'UpdateOptions');
  const body = await readObjectBody(call.request, expectedBody(type));
  checkKind(call.context.registry, type, body.value);
  const read = readObject(type, body.value);
  if (!read.ok) throw cannotBeHandled(type, read.message);
  const warnings = judgeFields(call, options, { unknown: read.unknownFields, duplicate: body.duplicateFields });
  const sent = read.object;
  if (!sent.metadata.name) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (sent.metadata.name !== name)
    throw badRequest(`the name of the object (${sent.metadata.name}) does not match the name on the URL (${name})`);
  if (sent.metadata.namespace && sent.metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const found = call.context.store.get(type.bucket, storageKey(namespace, name));
  const metadata = namespace === undefined ? sent.metadata : { ...sent.metadata, namespace };
  if (type.createOnUpdate && !found) {
    checkVersionSyntax(metadata.resourceVersion);
    if (metadata.uid) throw otherUid(type, metadata, metadata.uid, options);
    const { resourceVersion: _none, ...meta } = metadata;
    const created = await createObject(call, recordCreate(call, options, decoded(call, { ...sent, metadata: meta })), options, admit);
    return { code: 201, body: created.object, warnings: [...warnings, ...created.warnings] };
  }
  return writeUpdate(call, options, admit, async () => ({ object: { ...sent, metadata }, bound: true, warnings }), warnings);
}

/** Reads the live object, lets `intend` change it, admits and checks the result and writes it; tried again when somebody else wrote first. */
export async function writeUpdate(
  call: ApiRequest,
  options: WriteOptions,
  admit: AdmissionChain,
  intend: (live: KubeObject) => Promise<Intended>,
  known: readonly string[] = [],
): Promise<ApiResult> {
  const { type, context, namespace, name = '' } = call;
  const key = storageKey(namespace, name);
  for (;;) {
    const live = context.store.get(type.bucket, key);
    if (!live) throw new Refusal(notFound(type, name).status, known);
    const served = toServed(type, live);
    const intended = await intend(served);
    const { next, admitted } = await warned(intended.warnings ?? [], () => prepared(call, options, admit, { served, intended }));
    const warnings = [...(intended.warnings ?? []), ...admitted.warnings];
    if (isNoOp(served, next) || options.dryRun) return { code: 200, body: isNoOp(served, next) ? served : next, warnings };
    const committed = isGone(next) ? context.store.remove(type.bucket, key, live) : context.store.update(type.bucket, key, next, live);
    if (committed.ok) return { code: 200, body: isGone(next) ? next : toServed(type, committed.object), warnings };
    if (committed.reason === 'gone') throw notFound(type, name);
    // Somebody else wrote in between: the same is tried on what they left. A resourceVersion that was sent no longer fits then.
  }
}

/** The object as it is to be written: checked against the live one, completed, recorded and admitted. */
async function prepared(
  call: ApiRequest,
  options: WriteOptions,
  admit: AdmissionChain,
  { served, intended }: { readonly served: KubeObject; readonly intended: Intended },
): Promise<{ readonly next: KubeObject; readonly admitted: Awaited<ReturnType<AdmissionChain>> }> {
  const { type } = call;
  checkIdentity(type, served, intended, options);
  const merged = canonical(type, prepareUpdate(call, served, withDefaults(call, intended.object)));
  const recorded = intended.recorded ? merged : canonical(type, record(call, options, served, merged));
  const admitted = await admit({ call, operation: 'UPDATE', object: recorded, oldObject: served, options });
  const next = finish(call, served, admitted.object ?? recorded);
  check(type, served, next);
  return { next, admitted };
}

/** What is decoded is defaulted, whatever verb it comes by. */
function withDefaults({ type, context }: ApiRequest, object: KubeObject): KubeObject {
  return behaviourOf(type.bucket).defaults?.(object, context) ?? object;
}

/** The optimistic lock: a resourceVersion that is sent must be the live one, and of a whole object the uid too. */
function checkIdentity(type: ResourceType, live: KubeObject, { object: sent, bound }: Intended, options: WriteOptions): void {
  const name = live.metadata.name ?? '';
  const { uid, resourceVersion } = sent.metadata;
  if (bound && uid && uid !== live.metadata.uid) throw otherUid(type, live.metadata, uid, options);
  checkVersionSyntax(resourceVersion);
  if (!type.unconditionalUpdate && Number(resourceVersion || 0) === 0) {
    throw invalidAs(qualifiedResource(type), { name, group: type.group, kind: type.plural }, [resourceVersionRequired()]);
  }
  if (resourceVersion && resourceVersion !== '0' && resourceVersion !== live.metadata.resourceVersion) throw modified(type, name);
}

/** Throws the 500 without a reason that the real one answers to a resourceVersion that is no number. */
export function checkVersionSyntax(version = ''): void {
  if (!/^\d*$/.test(version)) throw new Refusal(failure(500, `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`));
}

/** Another object has the name than the one that is meant, or none. */
function otherUid(type: ResourceType, found: KubeObject['metadata'], uid: string, { dryRun }: WriteOptions): Refusal {
  const { name = '' } = found;
  const group = type.body.kind === 'custom' ? `/${type.group}` : '';
  const key = `${dryRun ? '' : '/registry'}${group}/${type.plural}/${storageKey(found.namespace, name)}`;
  const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${uid === found.uid ? '' : (found.uid ?? '')}`;
  return conflict(qualifiedResource(type), { name, group: type.group, kind: type.plural }, why);
}

/** What an update may not touch stays as it is; of the status and the rest, only the side that is written. */
function prepareUpdate({ type, subresource }: ApiRequest, live: KubeObject, sent: KubeObject): KubeObject {
  const {
    uid,
    resourceVersion,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    generation,
    name,
    namespace,
    generateName,
  } = live.metadata;
  const kept = {
    name,
    namespace,
    uid,
    resourceVersion,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    generation,
    generateName,
  };
  const fixed = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  const { generation: _n, generateName: _gn, ...sentMeta } = sent.metadata;
  // What is sent of these is left for the checks to refuse where it is another.
  const said = Object.fromEntries(
    Object.entries({ uid: sent.metadata.uid, deletionGracePeriodSeconds: sent.metadata.deletionGracePeriodSeconds }).filter(
      ([, value]) => value,
    ),
  );
  const metadata = { ...sentMeta, ...fixed, ...said };
  if (subresource === 'status') {
    const custom = type.body.kind === 'custom';
    const { managedFields: _live, ...liveMeta } = live.metadata;
    const statusMeta = custom
      ? liveMeta
      : { ...metadata, ...(live.metadata.ownerReferences ? { ownerReferences: live.metadata.ownerReferences } : {}) };
    const managed = sent.metadata.managedFields === undefined ? {} : { managedFields: sent.metadata.managedFields };
    return {
      ...live,
      metadata: { ...statusMeta, ...managed },
      status: behaviourOf(type.bucket).prepareStatus?.(live, sent.status) ?? sent.status,
    };
  }
  const { status: _status, ...rest } = sent;
  const next = hasStatus(type)
    ? { ...rest, metadata, ...(live.status === undefined ? {} : { status: live.status }) }
    : { ...sent, metadata };
  return behaviourOf(type.bucket).prepareUpdate?.(live, next) ?? next;
}

function record({ type, subresource, context }: ApiRequest, options: WriteOptions, live: KubeObject, next: KubeObject): KubeObject {
  const entries = recordUpdate({
    before: live,
    after: next,
    manager: options.fieldManager,
    apiVersion: apiVersionOfType(type),
    ...(subresource === undefined ? {} : { subresource }),
    now: context.clock.now(),
    listKeys: listKeys(type),
  });
  return withManagedFields(next, entries);
}

/** After admission: identity once more, and the generation where what it counts has changed. */
function finish(call: ApiRequest, live: KubeObject, admitted: KubeObject): KubeObject {
  const next = canonical(call.type, prepareUpdate(call, live, admitted));
  const counts = call.type.generation && call.subresource !== 'status' && specChanged(call.type, live, next);
  if (!counts) return next;
  return { ...next, metadata: { ...next.metadata, generation: (live.metadata.generation ?? 0) + 1 } };
}

function check(type: ResourceType, live: KubeObject, next: KubeObject): void {
  const behaviour = behaviourOf(type.bucket);
  const metaErrors = validateMetaUpdate(live, next);
  const errors = [
    ...validateMeta(type, next),
    // Checked once by the registry and once by the strategy, so the real one says it twice.
    ...metaErrors,
    ...metaErrors,
    ...validateFinalizers(type, next),
    ...(behaviour.validate?.(next) ?? []),
    ...(behaviour.validateUpdate?.(live, next) ?? []),
    ...validateCustom(type, next, live),
  ];
  if (errors.length > 0) throw invalid(type, next.metadata.name ?? '', errors);
}
