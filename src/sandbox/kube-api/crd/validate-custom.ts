import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import type { FieldError } from '../status/field-error.ts';
import type { SchemaNode } from './schema.ts';
import { validateRules } from './validate-rules.ts';
import { validateValue } from './validate-value.ts';

/** Checks a custom resource against its schema and the rules in it; `live` is the state before an update. Built-in kinds have no schema here. */
export function validateCustom(type: ResourceType, object: KubeObject, live: KubeObject | undefined): readonly FieldError[] {
  const schema = type.body.kind === 'custom' ? type.body.schema : undefined;
  if (!schema) return [];
  const errors = validateValue(withoutObjectMembers(schema), withoutObjectMembersOf(object), '');
  // A value of the wrong shape makes rules fail for reasons that say nothing.
  return errors.length > 0 ? errors : validateRules(schema, object, live);
}

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
