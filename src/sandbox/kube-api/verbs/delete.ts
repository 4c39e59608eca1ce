import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { Status } from '../../../kube/core/status.ts';
import type { ApiRequest, ApiResult } from '../context.ts';
import { listBody, readPage } from '../list-watch/list.ts';
import { integer, invalidOptions } from '../request/query.ts';
import { readOptionalBody } from '../request/read-body.ts';
import { type ResourceType, storageKey } from '../resources/resource-type.ts';
import { toServed } from '../resources/served.ts';
import { invalidValue, notSupported } from '../status/field-error.ts';
import { badRequest, conflict, notFound, qualifiedKind } from '../status/refusal.ts';
import type { AdmissionChain } from './admission-chain.ts';
import { type DeletionWay, deleteLive, tryDeletion } from './deletion.ts';
import { type WriteOptions, writeOptions } from './write-options.ts';

/** The DeleteOptions of a request, from its body or its query. */
export interface DeleteOptions extends DeletionWay {
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun: boolean;
}

/** DELETE of one object. */
export async function deleteOne(call: ApiRequest, admit: AdmissionChain): Promise<ApiResult> {
  const { type, name = '' } = call;
  const write = writeOptions(call, 'DeleteOptions');
  const options = await readDeleteOptions(call, write);
  const outcome = await deleteObject(call, options, { ...write, dryRun: options.dryRun }, admit);
  if (!outcome.removed || type.returnsDeleted) return { code: 200, body: outcome.object, warnings: outcome.warnings };
  return { code: 200, body: success(type, name, outcome.object.metadata.uid), warnings: outcome.warnings };
}

function success(type: ResourceType, name: string, uid: string | undefined): Status {
  const details = { name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural, ...(uid === undefined ? {} : { uid }) };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

/** DELETE of a collection: what the selectors choose, one by one; the list of what was deleted is the answer. */
export async function deleteCollection(call: ApiRequest, admit: AdmissionChain): Promise<ApiResult> {
  const { type, context } = call;
  const write = writeOptions(call, 'DeleteOptions');
  const options = await readDeleteOptions(call, write);
  const page = await readPage(call);
  for (const { object } of page.entries) {
    const one: ApiRequest = { ...call, name: object.metadata.name, namespace: object.metadata.namespace };
    try {
      await deleteObject(one, options, { ...write, dryRun: options.dryRun }, admit);
    } catch (thrown) {
      // Somebody else may delete from the same collection.
      if (context.store.get(type.bucket, storageKey(object.metadata.namespace, object.metadata.name ?? ''))) throw thrown;
    }
  }
  return { code: 200, body: listBody(type, page) };
}

async function readDeleteOptions(call: ApiRequest, write: WriteOptions): Promise<DeleteOptions> {
  const body = await readOptionalBody(call.request, { kind: 'DeleteOptions', typeName: 'meta.v1.DeleteOptions' });
  if (body === undefined) return deleteOptionsOf({}, call.query, write);
  if (body.kind && body.kind !== 'DeleteOptions')
    throw badRequest(
      `no kind ${JSON.stringify(body.kind)} is registered for version ${JSON.stringify(body.apiVersion ?? '')} in scheme "pkg/runtime/scheme.go:111"`,
    );
  // What a body says not, the query does not say either.
  return deleteOptionsOf(body, new URLSearchParams(), { ...write, dryRun: false });
}

/** Reads DeleteOptions, from a body or from the query. Throws 400 and 422 Refusals. */
export function deleteOptionsOf(body: Readonly<Record<string, unknown>>, query: URLSearchParams, write: WriteOptions): DeleteOptions {
  const preconditions = isJsonObject(body.preconditions) ? body.preconditions : {};
  const grace = body.gracePeriodSeconds ?? integer(query, 'gracePeriodSeconds');
  const propagation = body.propagationPolicy ?? query.get('propagationPolicy') ?? undefined;
  if (propagation !== undefined && propagation !== 'Background' && propagation !== 'Foreground' && propagation !== 'Orphan') {
    throw invalidOptions('DeleteOptions', [notSupported('propagationPolicy', propagation, ['Foreground', 'Background', 'Orphan', 'nil'])]);
  }
  const orphan = body.orphanDependents === true || query.get('orphanDependents') === 'true';
  if (propagation !== undefined && (orphan || body.orphanDependents === false || query.get('orphanDependents') === 'false')) {
    const text = 'orphanDependents and deletionPropagation cannot be both set';
    throw invalidOptions('DeleteOptions', [invalidValue('propagationPolicy', propagation, text)]);
  }
  const tried: readonly unknown[] = Array.isArray(body.dryRun) ? body.dryRun : [];
  if (tried.some((value) => value !== 'All')) throw invalidOptions('DeleteOptions', [notSupported('dryRun', tried, ['All'])]);
  return {
    gracePeriodSeconds: typeof grace === 'number' && Number.isInteger(grace) ? grace : undefined,
    propagation: propagation ?? (orphan ? 'Orphan' : undefined),
    preconditions: {
      ...(typeof preconditions.uid === 'string' ? { uid: preconditions.uid } : {}),
      ...(typeof preconditions.resourceVersion === 'string' ? { resourceVersion: preconditions.resourceVersion } : {}),
    },
    dryRun: write.dryRun || tried.length > 0,
  };
}

/** The end of a delete: gone, or marked and waiting for finalizers or a grace period. */
export interface Deletion {
  readonly removed: boolean;
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

/** Deletes an object: at once, or by a deletionTimestamp where a finalizer or a grace period holds it. Asking again changes nothing. */
export async function deleteObject(
  call: ApiRequest,
  options: DeleteOptions,
  write: WriteOptions,
  admit: AdmissionChain,
): Promise<Deletion> {
  const { type, context, namespace, name = '' } = call;
  const key = storageKey(namespace, name);
  const first = context.store.get(type.bucket, key);
  if (!first) throw notFound(type, name);
  const { warnings } = await admit({ call, operation: 'DELETE', object: undefined, oldObject: toServed(type, first), options: write });
  // Nothing awaits between this read and the write, so no other writer comes in between.
  const live = context.store.get(type.bucket, key);
  if (!live) throw notFound(type, name);
  checkPreconditions(type, live, options);
  const outcome = options.dryRun ? tryDeletion(context, type, live, options) : deleteLive(context, type, live, options);
  return { ...outcome, object: toServed(type, outcome.object), warnings };
}

/** Throws a 409 Refusal when the object is another than the one that was to go. */
export function checkPreconditions(type: ResourceType, live: KubeObject, { preconditions }: DeleteOptions): void {
  const name = live.metadata.name ?? '';
  const details = { name, group: type.group, kind: type.kind };
  if (preconditions.uid !== undefined && preconditions.uid !== live.metadata.uid) {
    throw conflict(
      qualifiedKind(type),
      details,
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${live.metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== live.metadata.resourceVersion) {
    throw conflict(
      qualifiedKind(type),
      details,
      `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${live.metadata.resourceVersion ?? ''}). The object might have been modified`,
    );
  }
}
