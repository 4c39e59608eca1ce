import type { KubeObject } from '../../../kube/core/object.ts';
import { type ApiRequest, type ApiResult, timestamp } from '../context.ts';
import { validateCustom } from '../crd/validate-custom.ts';
import { behaviourOf } from '../kinds/kinds.ts';
import { recordUpdate } from '../patch/managed-fields.ts';
import { readObjectBody } from '../request/read-body.ts';
import { canonical, identified, readObject, unstored } from '../resources/canonical.ts';
import { checkKind } from '../resources/check-kind.ts';
import { hasStatus } from '../resources/generation.ts';
import { apiVersionOfType, expectedBody, type ResourceType, storageKey } from '../resources/resource-type.ts';
import { toServed } from '../resources/served.ts';
import { validateFinalizers, validateMeta } from '../resources/validate-meta.ts';
import { invalid } from '../status/field-error.ts';
import { alreadyExists, badRequest, failure, notFound, Refusal, warned } from '../status/refusal.ts';
import type { AdmissionChain } from './admission-chain.ts';
import { judgeFields, listKeys, type WriteOptions, withManagedFields, writeOptions } from './write-options.ts';

/** How many names are tried for a `generateName` before giving up. */
const NAME_ATTEMPTS = 8;

/** POST to a collection. */
export async function create(call: ApiRequest, admit: AdmissionChain): Promise<ApiResult> {
  const options = writeOptions(call, 'CreateOptions');
  const body = await readObjectBody(call.request, expectedBody(call.type));
  checkKind(call.context.registry, call.type, body.value);
  const read = readObject(call.type, body.value);
  if (!read.ok) throw cannotBeHandled(call.type, read.message);
  const warnings = judgeFields(call, options, { unknown: read.unknownFields, duplicate: body.duplicateFields });
  const created = await warned(warnings, () => createObject(call, recordCreate(call, options, decoded(call, read.object)), options, admit));
  return { code: 201, body: created.object, warnings: [...warnings, ...created.warnings] };
}

/** The 400 of a body that its kind cannot hold. */
export function cannotBeHandled(type: ResourceType, message: string): Refusal {
  return badRequest(`${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: ${message}`);
}

/** Puts the object into the namespace of the path and applies the defaults of its kind. */
export function decoded({ type, namespace, context }: ApiRequest, object: KubeObject): KubeObject {
  const given = object.metadata.namespace ?? '';
  if (given !== (namespace ?? '') && given !== '')
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  const {
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    selfLink: _link,
    uid: _uid,
    ...sent
  } = { selfLink: undefined, ...object.metadata };
  const metadata = namespace === undefined ? sent : { ...sent, namespace };
  const behaviour = behaviourOf(type.bucket);
  return canonical(type, behaviour.defaults?.({ ...object, metadata }, context) ?? { ...object, metadata });
}

/** A new object with the fields of its creator recorded. */
export function recordCreate({ type, context }: ApiRequest, options: WriteOptions, object: KubeObject): KubeObject {
  const entries = recordUpdate({
    before: undefined,
    after: object,
    manager: options.fieldManager,
    apiVersion: apiVersionOfType(type),
    now: context.clock.now(),
    listKeys: listKeys(type),
  });
  return withManagedFields(object, entries);
}

/** Admits, completes, checks and stores a new object whose managed fields are recorded. An apply that finds nothing ends here too. */
export async function createObject(
  call: ApiRequest,
  object: KubeObject,
  options: WriteOptions,
  admit: AdmissionChain,
): Promise<{ readonly object: KubeObject; readonly warnings: readonly string[] }> {
  const { type, context } = call;
  const admitted = await admit({ call, operation: 'CREATE', object: canonical(type, object), oldObject: undefined, options });
  const base = admitted.object ?? object;
  for (let attempt = 1; ; attempt++) {
    const next = complete(call, base);
    check(type, next);
    const name = next.metadata.name ?? '';
    const key = storageKey(call.namespace, name);
    if (call.namespace !== undefined && !context.store.get('namespaces', call.namespace)) {
      throw notFound({ group: '', plural: 'namespaces' }, call.namespace);
    }
    if (options.dryRun && !context.store.get(type.bucket, key))
      return { object: unstored(toServed(type, next)), warnings: admitted.warnings };
    if (!options.dryRun && Number(object.metadata.resourceVersion) > 0) {
      throw new Refusal(failure(500, 'resourceVersion should not be set on objects to be created'));
    }
    const committed = options.dryRun ? undefined : context.store.create(type.bucket, key, next);
    if (committed?.ok) return { object: toServed(type, committed.object), warnings: admitted.warnings };
    const generated = !base.metadata.name && base.metadata.generateName !== undefined;
    if (!generated || attempt >= NAME_ATTEMPTS)
      throw alreadyExists(type, name, context.store.get(type.bucket, key)?.metadata.deletionTimestamp !== undefined);
  }
}

/** What only the server writes: identity, times, name, generation, an empty status. */
function complete({ type, context }: ApiRequest, object: KubeObject): KubeObject {
  const meta = object.metadata;
  const name = meta.name || (meta.generateName ? `${meta.generateName.slice(0, 58)}${suffix(context.newId())}` : undefined);
  const metadata = {
    ...meta,
    ...(name === undefined ? {} : { name }),
    ...(type.generation ? { generation: 1 } : {}),
  };
  const { status: _status, ...withoutStatus } = object;
  const bare = hasStatus(type) ? { ...withoutStatus, metadata } : { ...object, metadata };
  const prepared = behaviourOf(type.bucket).prepareCreate?.(bare, context) ?? bare;
  return identified(type, prepared, { uid: context.newId(), creationTimestamp: timestamp(context.clock.now()) });
}

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Five characters without vowels, as generated names end. */
export function suffix(id: string): string {
  const hex = id.replaceAll('-', '');
  return [0, 1, 2, 3, 4].map((index) => ALPHABET[Number.parseInt(hex.slice(index * 4, index * 4 + 4), 16) % ALPHABET.length]).join('');
}

function check(type: ResourceType, object: KubeObject): void {
  const errors = [
    ...validateMeta(type, object),
    ...validateFinalizers(type, object),
    ...(behaviourOf(type.bucket).validate?.(object) ?? []),
    ...validateCustom(type, object, undefined),
  ];
  if (errors.length > 0) throw invalid(type, object.metadata.name ?? '', errors);
}
