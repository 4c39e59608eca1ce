import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import { type FieldError, invalidValue } from '../status/field-error.ts';
import type { SchemaNode } from './schema.ts';
import { hasRules, validateRules } from './validate-rules.ts';
import { validateValue } from './validate-value.ts';

/** Checks a custom resource against its schema and the rules in it; `live` is the state before an update. Built-in kinds have no schema here. */
export function validateCustom(type: ResourceType, object: KubeObject, live: KubeObject | undefined): readonly FieldError[] {
  const schema = type.body.kind === 'custom' ? type.body.schema : undefined;
  if (!schema) return [];
  const errors = validateValue(withoutObjectMembers(schema), withoutObjectMembersOf(object), '');
  if (!hasRules(schema)) return errors;
  // A value of the wrong shape makes rules fail for reasons that say nothing.
  if (errors.some(({ reason }) => BLOCKING.has(reason))) return [...errors, NOT_CHECKED];
  return [...errors, ...validateRules(schema, object, live)];
}

/** Errors after which the rules are not run. */
const BLOCKING: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const NOT_CHECKED = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

const OBJECT_MEMBERS: readonly string[] = ['apiVersion', 'kind', 'metadata'];

/** Metadata is checked apart, by its own rules. */
function withoutObjectMembers(schema: SchemaNode): SchemaNode {
  const properties = Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => !OBJECT_MEMBERS.includes(name)));
  const required = (schema.required ?? []).filter((name) => !OBJECT_MEMBERS.includes(name));
  return { ...schema, properties, required };
}

function withoutObjectMembersOf(object: KubeObject): Readonly<Record<string, unknown>> {
  const value: unknown = object;
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([name]) => !OBJECT_MEMBERS.includes(name)));
}
