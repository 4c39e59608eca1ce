import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ApiRequest } from '../context.ts';
import type { SchemaNode } from '../crd/schema.ts';
import { type ListKeys, listKeysOf, listKeysOfSchema } from '../patch/list-keys.ts';
import { fieldManager, fieldValidation, isDryRun } from '../request/query.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import { badRequest } from '../status/refusal.ts';

/** The options of a write, as its query says them. */
export interface WriteOptions {
  /** `CreateOptions`, `UpdateOptions` or `PatchOptions`, as webhooks see it. */
  readonly kind: string;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** What the query itself says, which is all that webhooks are told. */
  readonly givenFieldManager: string | undefined;
  readonly givenFieldValidation: string | undefined;
}

/** Reads the options of a write. Throws a 422 Refusal about them. */
export function writeOptions(call: ApiRequest, kind: string): WriteOptions {
  return {
    kind,
    dryRun: isDryRun(call.query, kind),
    fieldManager: fieldManager(call.query, call.request.headers.get('user-agent'), kind),
    fieldValidation: fieldValidation(call.query, kind),
    givenFieldManager: call.query.get('fieldManager') || undefined,
    givenFieldValidation: call.query.get('fieldValidation') || undefined,
  };
}

/** Fields of a body that are not what its sender thinks they are. */
export interface DoubtfulFields {
  readonly unknown: readonly string[];
  readonly duplicate: readonly string[];
}

/** What becomes of unknown and duplicate fields: nothing, warnings, or a 400 Refusal. */
export function judgeFields(call: ApiRequest, options: WriteOptions, { unknown, duplicate }: DoubtfulFields): readonly string[] {
  const texts = [
    ...duplicate.map((field) => `duplicate field ${JSON.stringify(field)}`),
    ...unknown.map((field) => `unknown field ${JSON.stringify(field)}`),
  ];
  if (texts.length === 0 || options.fieldValidation === 'Ignore') return [];
  if (options.fieldValidation === 'Warn') return texts;
  const { type } = call;
  throw badRequest(
    `${type.kind} in version ${JSON.stringify(type.version)} cannot be handled as a ${type.kind}: strict decoding error: ${texts.join(', ')}`,
  );
}

/** How the lists of a type merge and who owns what in them. */
export function listKeys(type: ResourceType): ListKeys {
  if (type.body.kind === 'built-in') return listKeysOf(type.group, type.kind);
  return listKeysOfSchema(asJson(type.body.schema), { hasStatus: type.body.statusSubresource });
}

function asJson(schema: SchemaNode | undefined): JsonObject | undefined {
  const value: unknown = schema;
  return isJsonObject(value) ? value : undefined;
}

/** The managed fields of an object put in, or out where there are none. */
export function withManagedFields(object: KubeObject, entries: NonNullable<KubeObject['metadata']['managedFields']>): KubeObject {
  const { managedFields: _old, ...metadata } = object.metadata;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}
