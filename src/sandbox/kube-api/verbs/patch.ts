import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiRequest, ApiResult } from '../context.ts';
import { applyByAnybody } from '../patch/apply-by-kubectl.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { applyStrategicMerge } from '../patch/strategic-merge.ts';
import { flag, invalidOptions } from '../request/query.ts';
import { goName, mediaType, parseYamlText, readText } from '../request/read-body.ts';
import { scanJson } from '../request/scan-json.ts';
import { readObject, sortMembers } from '../resources/canonical.ts';
import { apiVersionOfType, type ResourceType, storageKey } from '../resources/resource-type.ts';
import { jsonText } from '../routes/json-text.ts';
import { forbiddenField, invalidAs, invalidValue, requiredValue } from '../status/field-error.ts';
import { badRequest, conflict, failure, qualifiedResource, Refusal, unsupportedMedia } from '../status/refusal.ts';
import type { AdmissionChain } from './admission-chain.ts';
import { createObject, decoded } from './create.ts';
import { checkVersionSyntax, type Intended, writeUpdate } from './update.ts';
import { judgeFields, listKeys, type WriteOptions, writeOptions } from './write-options.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

/** PATCH in any of the four ways; strategic merge only for built-in kinds, whose lists have merge keys. */
export async function patch(call: ApiRequest, admit: AdmissionChain): Promise<ApiResult> {
  const media = mediaType(call.request);
  const accepted = call.type.body.kind === 'custom' ? [JSON_PATCH, MERGE_PATCH, APPLY] : [JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY];
  if (![JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY].includes(media)) throw unknownMedia();
  if (!accepted.includes(media)) throw unsupportedMedia(accepted);
  if (media === APPLY && !call.query.get('fieldManager')) {
    throw invalidOptions('PatchOptions', [requiredValue('fieldManager', 'is required for apply patch')]);
  }
  if (media !== APPLY && call.query.get('force')) {
    throw invalidOptions('PatchOptions', [forbiddenField('force', 'may not be specified for non-apply patch')]);
  }
  const options = writeOptions(call, 'PatchOptions');
  if (media === APPLY) return apply(call, options, await readText(call.request), admit);
  const intend = await readPatch(call, options);
  return writeUpdate(call, options, admit, async (live) => intend(live));
}

/** Reads a patch that is not an apply: what it makes of an object of the call's type. */
export async function readPatch(call: ApiRequest, options: WriteOptions): Promise<(live: KubeObject) => Intended> {
  const text = await readText(call.request);
  const scanned = scanJson(text);
  if (!scanned.ok) throw badRequest(`error decoding patch: ${scanned.error}`);
  const document: unknown = JSON.parse(text);
  return (live) => {
    const changed = changeBy(call.type, mediaType(call.request), live, document);
    return patched(call, options, { live, changed, duplicateFields: scanned.duplicates });
  };
}

function unknownMedia(): Refusal {
  return new Refusal(failure(415, '415: Unsupported Media Type', { reason: 'UnsupportedMediaType', details: {} }));
}

function changeBy(type: ResourceType, media: string, live: KubeObject, document: unknown): unknown {
  switch (media) {
    case JSON_PATCH: {
      const outcome = applyJsonPatch<KubeObject>(live, document);
      if (outcome.ok) return outcome.object;
      throw outcome.status === 400
        ? badRequest(outcome.message)
        : new Refusal(failure(422, outcome.message, { reason: 'Invalid', details: {} }));
    }
    case STRATEGIC: {
      const outcome = applyStrategicMerge(live, document, listKeys(type));
      if (outcome.ok) return outcome.object;
      throw new Refusal(failure(outcome.status, outcome.message, outcome.status === 400 ? { reason: 'BadRequest' } : {}));
    }
    default:
      if (document === null) throw badRequest('Invalid JSON Patch');
      if (!isJsonObject(document))
        throw badRequest(`error decoding patch: json: cannot unmarshal ${goName(document)} into Go value of type map[string]interface {}`);
      return applyMergePatch(live, document);
  }
}

interface Patched {
  readonly live: KubeObject;
  readonly changed: unknown;
  readonly duplicateFields: readonly string[];
}

/** Reads what a patch made of an object; unknown and duplicate fields are 422 under Strict. */
function patched(call: ApiRequest, options: WriteOptions, { live, changed, duplicateFields }: Patched): Intended {
  const { type } = call;
  if (!isJsonObject(changed)) throw badRequest('a patch must leave an object');
  if (changed.kind !== type.kind || changed.apiVersion !== apiVersionOfType(type)) {
    throw badRequest(`a patch must not change kind and apiVersion of a ${type.kind}`);
  }
  const read = readObject(type, changed);
  if (!read.ok) throw invalidPatch(type, changed, read.message);
  const doubtful = [
    ...duplicateFields.map((field) => `duplicate field ${JSON.stringify(field)}`),
    ...read.unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`),
  ];
  if (options.fieldValidation === 'Strict' && doubtful.length > 0)
    throw invalidPatch(type, changed, `strict decoding error: ${doubtful.join(', ')}`);
  const warnings = judgeFields(call, options, { unknown: read.unknownFields, duplicate: duplicateFields });
  const misnamed = nameRefusal(live, read.object);
  if (misnamed) throw new Refusal(misnamed.status, warnings);
  return { object: read.object, warnings };
}

/** The patched document is shown as Go writes a map: sorted at the top, and all through where the object is a map itself. */
function invalidPatch(type: ResourceType, changed: Readonly<Record<string, unknown>>, message: string): Refusal {
  const shown =
    type.body.kind === 'custom' ? sortMembers(changed) : Object.fromEntries(Object.entries(changed).sort(([a], [b]) => (a < b ? -1 : 1)));
  return invalidAs('', { name: '' }, [invalidValue('patch', jsonText(shown), message)]);
}

function nameRefusal(live: KubeObject, next: KubeObject): Refusal | undefined {
  const { name, namespace } = next.metadata;
  const { name: expected = '' } = live.metadata;
  if (!name) return badRequest(`the name of the object (${expected} based on URL) was undeterminable: name must be provided`);
  if (name !== expected) return badRequest(`the name of the object (${name}) does not match the name on the URL (${expected})`);
  if (!namespace || namespace === live.metadata.namespace) return undefined;
  return badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

async function apply(call: ApiRequest, options: WriteOptions, text: string, admit: AdmissionChain): Promise<ApiResult> {
  const { type, context, namespace, name = '', subresource } = call;
  const applied = readApplied(call, text);
  const run = (live: KubeObject | undefined): KubeObject => {
    const outcome = applyByAnybody({
      live,
      applied,
      manager: options.fieldManager,
      force: flag(call.query, 'force'),
      apiVersion: apiVersionOfType(type),
      ...(subresource === undefined ? {} : { subresource }),
      now: context.clock.now(),
      listKeys: listKeys(type),
    });
    if (!outcome.ok) throw new Refusal(outcome.status);
    checkAppliedNames(call, applied);
    const read = readObject(type, outcome.object);
    if (!read.ok) throw inconvertible(call, applied, read.message);
    return read.object;
  };
  if (!context.store.get(type.bucket, storageKey(namespace, name)) && subresource === undefined) {
    const fresh = run(undefined);
    const { uid } = applied.metadata;
    if (uid) {
      const details = { name, group: type.group, kind: type.plural };
      throw conflict(
        qualifiedResource(type),
        details,
        `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
      );
    }
    const created = await createObject(call, decoded(call, toCreate(fresh, name)), options, admit);
    return { code: 201, body: created.object, warnings: created.warnings };
  }
  return writeUpdate(call, options, admit, async (live) => ({ object: run(live), recorded: true }));
}

function readApplied({ type }: ApiRequest, text: string): KubeObject {
  const value = parseYamlText(text) ?? {};
  if (!isJsonObject(value)) throw badRequest(`error decoding YAML: a ${type.kind} must be an object`);
  const metadata: KubeObject['metadata'] = isJsonObject(value.metadata) ? value.metadata : {};
  if (value.kind !== type.kind) throw badRequest(`invalid object type: ${groupVersionKind(value)}`);
  return { ...value, metadata };
}

function checkAppliedNames({ name = '', namespace }: ApiRequest, { metadata }: KubeObject): void {
  if (metadata.name === '') throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== undefined && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** The 500 of a value that its field cannot hold, where the type of its JSON was right. */
function inconvertible({ type }: ApiRequest, { metadata }: KubeObject, message: string): Refusal {
  const kind = groupVersionKind({ apiVersion: apiVersionOfType(type), kind: type.kind });
  const why = message.startsWith('illegal base64') ? `error decoding from json: ${message}` : message;
  const text = `failed to convert new object (${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${kind}) to proper version: unable to convert unstructured object to ${kind}: ${why}`;
  return new Refusal(failure(500, text));
}

/** An apply that creates takes the name of its path where it has none of its own; of which version it thinks it is says nothing. */
function toCreate(object: KubeObject, name: string): KubeObject {
  const { resourceVersion, ...metadata } = object.metadata;
  checkVersionSyntax(resourceVersion);
  return { ...object, metadata: { ...metadata, name: metadata.name || name } };
}

function groupVersionKind({ apiVersion, kind }: Readonly<Record<string, unknown>>): string {
  const text = typeof apiVersion === 'string' ? apiVersion : '';
  return `${text.includes('/') ? text : `/${text}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}
