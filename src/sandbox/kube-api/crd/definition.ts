import { isJsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../../kube/core/object.ts';
import { listAt, objectAt } from '../kinds/behaviour.ts';
import { CREATION } from '../printing/columns.data.ts';
import type { PrinterColumn, ResourceType } from '../resources/resource-type.ts';
import type { SchemaNode } from './schema.ts';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'] as const;

/** The types that a CustomResourceDefinition serves, one per served version. */
export function typesOf(definition: KubeObject): readonly ResourceType[] {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const group = text(spec.group);
  const plural = text(names.plural);
  const kind = text(names.kind);
  return listAt(spec, 'versions')
    .filter((version) => version.served === true)
    .map((version) => {
      const statusSubresource = isJsonObject(objectAt(version, 'subresources').status);
      return {
        group,
        version: text(version.name),
        plural,
        singular: text(names.singular) || kind.toLowerCase(),
        kind,
        listKind: text(names.listKind) || `${kind}List`,
        namespaced: spec.scope === 'Namespaced',
        shortNames: texts(names.shortNames),
        categories: texts(names.categories),
        verbs: VERBS,
        subresources: statusSubresource ? ['status'] : [],
        bucket: `${plural}.${group}`,
        body: {
          kind: 'custom',
          schema: schemaOf(version),
          columns: columnsOf(version),
          statusSubresource,
          selectable: selectableOf(version),
        },
        generation: true,
        unconditionalUpdate: false,
        createOnUpdate: false,
        returnsDeleted: false,
      };
    });
}

function schemaOf(version: Readonly<Record<string, unknown>>): SchemaNode | undefined {
  const schema = objectAt(version, 'schema').openAPIV3Schema;
  return isSchema(schema) ? schema : undefined;
}

/** A definition's schema is trusted to be one: the definition was checked when it was written. */
function isSchema(value: unknown): value is SchemaNode {
  return isJsonObject(value);
}

/** What a definition without columns shows beside the name. */
const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: CREATION };

function columnsOf(version: Readonly<Record<string, unknown>>): readonly PrinterColumn[] {
  const columns = listAt(version, 'additionalPrinterColumns');
  if (columns.length === 0) return [AGE];
  return columns.map((column) => ({
    name: text(column.name),
    type: text(column.type),
    jsonPath: text(column.jsonPath),
    ...(typeof column.format === 'string' ? { format: column.format } : {}),
    ...(typeof column.description === 'string' ? { description: column.description } : {}),
    ...(typeof column.priority === 'number' ? { priority: column.priority } : {}),
  }));
}

/** `.spec.owner` of a definition is the label `spec.owner`. */
function selectableOf(version: Readonly<Record<string, unknown>>): readonly string[] {
  return listAt(version, 'selectableFields').map(({ jsonPath }) => text(jsonPath).replace(/^\./, ''));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
