import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { listAt, objectAt } from '../kinds/behaviour.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported, requiredValue } from '../status/field-error.ts';

/** Checks a CustomResourceDefinition as far as this server acts on it: names, scope, versions, and structural schemas (KEP-1693). */
export function validateDefinition(definition: KubeObject): readonly FieldError[] {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const versions = listAt(spec, 'versions');
  const errors: FieldError[] = [];
  if (definition.metadata.name !== `${String(names.plural ?? '')}.${String(spec.group ?? '')}`) {
    errors.push(invalidValue('metadata.name', definition.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  if (!spec.group) errors.push(requiredValue('spec.group'));
  if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced')
    errors.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  if (versions.filter((version) => version.storage === true).length !== 1) {
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map((version) => version.name),
        'must have exactly one version marked as storage version',
      ),
    );
  }
  for (const member of ['plural', 'singular', 'kind', 'listKind'] as const)
    if (!names[member]) errors.push(requiredValue(`spec.names.${member}`));
  versions.forEach((version, index) => {
    errors.push(...validateVersion(version, `spec.versions[${index}]`));
  });
  return errors;
}

function validateVersion(version: Readonly<Record<string, unknown>>, field: string): readonly FieldError[] {
  const path = `${field}.schema.openAPIV3Schema`;
  const schema = objectAt(version, 'schema').openAPIV3Schema;
  if (!isJsonObject(schema)) return [requiredValue(path)];
  if (schema.type === undefined) return [requiredValue(`${path}.type`, 'must not be empty at the root')];
  if (schema.type !== 'object') return [invalidValue(`${path}.type`, schema.type, 'must be object at the root')];
  return validateStructure(schema, path);
}

/** A structural schema says the type of every node, and how lists are keyed. */
function validateStructure(schema: Readonly<Record<string, unknown>>, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const untyped = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (!schema.type && !untyped) errors.push(requiredValue(`${path}.type`, 'must not be empty for specified object fields'));
  if (schema.type === 'array' && !isJsonObject(schema.items)) errors.push(requiredValue(`${path}.items`, 'must be specified'));
  if (schema['x-kubernetes-list-type'] === 'map' && !Array.isArray(schema['x-kubernetes-list-map-keys'])) {
    errors.push(requiredValue(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  }
  if (schema.properties !== undefined && schema.additionalProperties !== undefined) {
    errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used together with properties'));
  }
  for (const [name, child] of Object.entries(objectAt(schema, 'properties'))) {
    if (isJsonObject(child)) errors.push(...validateStructure(child, `${path}.properties[${name}]`));
  }
  if (isJsonObject(schema.items)) errors.push(...validateStructure(schema.items, `${path}.items`));
  if (isJsonObject(schema.additionalProperties))
    errors.push(...validateStructure(schema.additionalProperties, `${path}.additionalProperties`));
  return errors;
}
