import { isJsonObject } from '../../../base/json.ts';
import { mapItems, type SchemaNode } from './schema.ts';

const RESOURCE_MEMBERS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Drops what a structural schema does not specify and reports each dropped field by its path, as the API server prunes.
 * `x-kubernetes-preserve-unknown-fields` keeps the members of its own node; specified children below are still pruned.
 */
export function prune(schema: SchemaNode, value: unknown, unknownFields: string[]): unknown {
  return pruneAt(schema, value, '', true, unknownFields);
}

function pruneAt(schema: SchemaNode, value: unknown, path: string, resource: boolean, unknownFields: string[]): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return value;
    return value.map((item, index) =>
      pruneAt(items, item, `${path}[${index}]`, items['x-kubernetes-embedded-resource'] === true, unknownFields),
    );
  }
  if (!isJsonObject(value)) return value;
  const output: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const memberPath = path === '' ? name : `${path}.${name}`;
    if (resource && RESOURCE_MEMBERS.has(name)) {
      output[name] = member;
      continue;
    }
    const child = schema.properties?.[name] ?? mapItems(schema);
    if (child) output[name] = pruneAt(child, member, memberPath, child['x-kubernetes-embedded-resource'] === true, unknownFields);
    else if (schema.additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields'] === true) output[name] = member;
    else unknownFields.push(memberPath);
  }
  return output;
}

/** Fills in `default` values of absent members, from the outside in; a null that its schema does not allow counts as absent. */
export function applyDefaults(schema: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item) => applyDefaults(items, item)) : value;
  }
  if (!isJsonObject(value)) return value;
  const output: Record<string, unknown> = { ...value };
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (output[name] === null && child.nullable !== true) delete output[name];
    if (output[name] === undefined && child.default !== undefined) output[name] = structuredClone(child.default);
    if (output[name] !== undefined) output[name] = applyDefaults(child, output[name]);
  }
  const items = mapItems(schema);
  if (items) {
    for (const [name, member] of Object.entries(output)) {
      if (!schema.properties?.[name]) output[name] = applyDefaults(items, member);
    }
  }
  return output;
}
