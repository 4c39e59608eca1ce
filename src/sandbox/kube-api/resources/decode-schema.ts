import { isJsonObject } from '../../../base/json.ts';
import { mismatch, type Place } from './decode.ts';

/** How a member of JSONSchemaProps goes on: a value, a schema, several by name or in a list, a schema or a boolean. */
type Member = 'value' | 'schema' | 'schemas' | 'list' | 'schema-or-list' | 'schema-or-bool';

/** The members of `apiextensions.k8s.io/v1` JSONSchemaProps in the order in which they are written. */
const MEMBERS: Readonly<Record<string, Member>> = {
  id: 'value',
  $schema: 'value',
  $ref: 'value',
  description: 'value',
  type: 'value',
  format: 'value',
  title: 'value',
  default: 'value',
  maximum: 'value',
  exclusiveMaximum: 'value',
  minimum: 'value',
  exclusiveMinimum: 'value',
  maxLength: 'value',
  minLength: 'value',
  pattern: 'value',
  maxItems: 'value',
  minItems: 'value',
  uniqueItems: 'value',
  multipleOf: 'value',
  enum: 'value',
  maxProperties: 'value',
  minProperties: 'value',
  required: 'value',
  items: 'schema-or-list',
  allOf: 'list',
  oneOf: 'list',
  anyOf: 'list',
  not: 'schema',
  properties: 'schemas',
  additionalProperties: 'schema-or-bool',
  patternProperties: 'schemas',
  dependencies: 'value',
  additionalItems: 'schema-or-bool',
  definitions: 'schemas',
  externalDocs: 'value',
  example: 'value',
  nullable: 'value',
  'x-kubernetes-preserve-unknown-fields': 'value',
  'x-kubernetes-embedded-resource': 'value',
  'x-kubernetes-int-or-string': 'value',
  'x-kubernetes-list-map-keys': 'value',
  'x-kubernetes-list-type': 'value',
  'x-kubernetes-map-type': 'value',
  'x-kubernetes-validations': 'value',
};

/** Reads a JSON schema of a CustomResourceDefinition: members in the order of the wire, properties sorted, unknown members dropped and reported. */
export function decodeSchema(input: unknown, place: Place, unknownFields: string[]): Readonly<Record<string, unknown>> {
  if (!isJsonObject(input)) throw mismatch(input, place, 'v1.JSONSchemaProps');
  for (const name of Object.keys(input)) if (!Object.hasOwn(MEMBERS, name)) unknownFields.push(`${place.path}.${name}`);
  const output: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(MEMBERS)) {
    const value = input[name];
    if (value !== undefined && value !== null)
      output[name] = decodeMember(kind, value, { ...place, path: `${place.path}.${name}` }, unknownFields);
  }
  return output;
}

function decodeMember(kind: Member, value: unknown, place: Place, unknownFields: string[]): unknown {
  switch (kind) {
    case 'value':
      return value;
    case 'schema':
      return decodeSchema(value, place, unknownFields);
    case 'schema-or-bool':
      return typeof value === 'boolean' ? value : decodeSchema(value, place, unknownFields);
    case 'schema-or-list':
      return Array.isArray(value) ? decodeList(value, place, unknownFields) : decodeSchema(value, place, unknownFields);
    case 'list':
      if (!Array.isArray(value)) throw mismatch(value, place, '[]v1.JSONSchemaProps');
      return decodeList(value, place, unknownFields);
    case 'schemas': {
      if (!isJsonObject(value)) throw mismatch(value, place, 'map[string]v1.JSONSchemaProps');
      const names = Object.keys(value).sort();
      return Object.fromEntries(
        names.map((name) => [name, decodeSchema(value[name], { ...place, path: `${place.path}.${name}` }, unknownFields)]),
      );
    }
  }
}

function decodeList(list: readonly unknown[], place: Place, unknownFields: string[]): readonly unknown[] {
  return list.map((item, index) => decodeSchema(item, { ...place, path: `${place.path}[${index}]` }, unknownFields));
}
