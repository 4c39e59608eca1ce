import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { applyDefaults, prune } from '../crd/prune.ts';
import { decode } from './decode.ts';
import { apiVersionOfType, type ResourceType } from './resource-type.ts';

/** A body read as an object of a resource. */
export type ReadObject =
  | { readonly ok: true; readonly object: KubeObject; readonly unknownFields: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** Reads a JSON body as an object of the type: unknown fields dropped, CRD defaults applied, members in the order of the wire. */
export function readObject(type: ResourceType, input: Readonly<Record<string, unknown>>): ReadObject {
  return type.body.kind === 'built-in' ? readBuiltIn(type, type.body.typeName, input) : readCustom(type, input);
}

function readBuiltIn(type: ResourceType, typeName: string, input: Readonly<Record<string, unknown>>): ReadObject {
  const decoded = decode(typeName, { ...input, metadata: keptReset(input.metadata), kind: type.kind, apiVersion: apiVersionOfType(type) });
  if (!decoded.ok) return decoded;
  return { ok: true, object: asObject(decoded.value), unknownFields: decoded.unknownFields };
}

/** An empty list is nothing to the decoder, but to managed fields it is an order: they are to be forgotten, as one empty entry says too. */
function keptReset(metadata: unknown): unknown {
  const isReset = isJsonObject(metadata) && Array.isArray(metadata.managedFields) && metadata.managedFields.length === 0;
  return isReset ? { ...metadata, managedFields: [{}] } : metadata;
}

function readCustom(type: ResourceType, input: Readonly<Record<string, unknown>>): ReadObject {
  const decodedMeta = decode('meta.v1.ObjectMeta', keptReset(input.metadata) ?? {});
  if (!decodedMeta.ok) return decodedMeta;
  const unknownFields = decodedMeta.unknownFields.map((field) => `metadata.${field}`);
  const schema = type.body.kind === 'custom' ? type.body.schema : undefined;
  const pruned = schema ? applyDefaults(schema, prune(schema, input, unknownFields)) : input;
  const body = {
    ...(isJsonObject(pruned) ? pruned : {}),
    apiVersion: apiVersionOfType(type),
    kind: type.kind,
    metadata: decodedMeta.value,
  };
  return { ok: true, object: asObject(sortMembers(body)), unknownFields };
}

/** The same object with its members in the order of the wire and nothing in it that the type does not have. */
export function canonical(type: ResourceType, object: KubeObject): KubeObject {
  const read = readObject(type, object);
  if (!read.ok) throw new TypeError(`a ${type.kind} could not be read again: ${read.message}`);
  return read.object;
}

/** What stands for the resourceVersion of an object that is not stored yet, so that the member has its place. */
const UNSTORED = '0';

/** An object that the server itself completes: its identity and time, members in the order of the wire. */
export function identified(
  type: ResourceType,
  object: KubeObject,
  identity: { readonly uid: string; readonly creationTimestamp: string },
): KubeObject {
  return canonical(type, { ...object, metadata: { ...object.metadata, ...identity, resourceVersion: UNSTORED } });
}

/** The same as it is shown when it is never stored. */
export function unstored(object: KubeObject): KubeObject {
  const { resourceVersion: _placeholder, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Custom resources are written with sorted members, as Go writes a map. */
export function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (!isJsonObject(value)) return value;
  const output: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort()) {
    if (value[name] !== undefined) output[name] = sortMembers(value[name]);
  }
  return output;
}

function asObject(value: unknown): KubeObject {
  if (!isJsonObject(value) || !isJsonObject(value.metadata)) throw new TypeError('an object without metadata');
  return { ...value, metadata: value.metadata };
}
