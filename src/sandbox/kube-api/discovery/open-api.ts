import type { ApiContext } from '../context.ts';
import { mapItems, type SchemaNode } from '../crd/schema.ts';
import { type Field, type FieldType, structType } from '../resources/field-type.ts';
import type { ResourceType } from '../resources/resource-type.ts';
import { servedGroups } from './api-resources.ts';

type Json = Readonly<Record<string, unknown>>;

const INFO = { title: 'podrole sandbox', version: 'unversioned' };
const STRATEGIC_MERGE = 'application/strategic-merge-patch+json';
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', STRATEGIC_MERGE, 'application/apply-patch+yaml'];

/** The index of `/openapi/v3`: one document per group and version. */
export function openApiV3Index(context: ApiContext): Json {
  const paths: Record<string, unknown> = {};
  for (const group of servedGroups(context.registry)) {
    for (const { version } of group.versions) {
      const path = group.name === '' ? `api/${version}` : `apis/${group.name}/${version}`;
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${context.store.revision.toString(16)}` };
    }
  }
  return { paths };
}

/** The OpenAPI v3 document of one group and version: the schemas of its kinds, and the paths with the parameters that kubectl looks for. */
export function openApiV3(context: ApiContext, group: string, version: string): Json | undefined {
  const types = context.registry.all().filter((type) => type.group === group && type.version === version);
  if (types.length === 0) return undefined;
  const schemas = new Schemas('#/components/schemas/');
  const paths: Record<string, unknown> = {};
  for (const type of types) {
    schemas.addKind(type);
    for (const [path, item] of pathItems(type, schemas)) paths[path] = item;
  }
  return { openapi: '3.0.0', info: INFO, paths, components: { schemas: schemas.all() } };
}

/** The OpenAPI v2 document of everything, for clients that know no other. */
export function openApiV2(context: ApiContext): Json {
  const schemas = new Schemas('#/definitions/');
  for (const type of context.registry.all()) schemas.addKind(type);
  return { swagger: '2.0', info: INFO, paths: {}, definitions: schemas.all() };
}

function pathItems(type: ResourceType, schemas: Schemas): readonly (readonly [string, Json])[] {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const collection = `${root}${type.namespaced ? '/namespaces/{namespace}' : ''}/${type.plural}`;
  const kind = { group: type.group, kind: type.kind, version: type.version };
  const body = { content: { 'application/json': { schema: { $ref: schemas.ref(schemas.nameOf(type)) } } } };
  const operation = (action: string, extra: Json = {}): Json => ({
    responses: { '200': { description: 'OK', ...body } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kind,
    ...extra,
  });
  const write = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({ name, in: 'query', schema: { type: 'string' } }));
  // kubectl apply sends a strategic merge wherever one is offered; custom resources take none, so none may be offered for them.
  const patchTypes = type.body.kind === 'built-in' ? PATCH_TYPES : PATCH_TYPES.filter((media) => media !== STRATEGIC_MERGE);
  const patchBody = { content: Object.fromEntries(patchTypes.map((media) => [media, { schema: { type: 'object' } }])) };
  const items: (readonly [string, Json])[] = [
    [collection, { get: operation('list'), post: operation('post', { parameters: write, requestBody: body }) }],
  ];
  if (!type.verbs.includes('get')) return items;
  const one = {
    get: operation('get'),
    put: operation('put', { parameters: write, requestBody: body }),
    patch: operation('patch', { parameters: write, requestBody: patchBody }),
    delete: operation('delete'),
  };
  return [...items, [`${collection}/{name}`, one]];
}

const META_TYPE = 'meta.v1.ObjectMeta';

/** Schemas by name, each added with everything that it refers to. */
class Schemas {
  readonly #prefix: string;
  readonly #schemas = new Map<string, Json>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  all(): Json {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  ref(name: string): string {
    return `${this.#prefix}${name}`;
  }

  nameOf(type: ResourceType): string {
    if (type.body.kind === 'built-in') return schemaName(type.body.typeName);
    return `${type.group.split('.').reverse().join('.')}.${type.version}.${type.kind}`;
  }

  /** A kind is found by its `x-kubernetes-group-version-kind`. */
  addKind(type: ResourceType): void {
    const name = this.nameOf(type);
    const schema = type.body.kind === 'built-in' ? this.#structSchema(type.body.typeName) : this.#customSchema(type.body.schema);
    this.#schemas.set(name, {
      ...schema,
      'x-kubernetes-group-version-kind': [{ group: type.group, kind: type.kind, version: type.version }],
    });
    const list = `${name}List`;
    const meta = this.#addMeta();
    this.#schemas.set(list, {
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        items: { type: 'array', items: { $ref: this.ref(name) } },
        metadata: { $ref: meta },
      },
      'x-kubernetes-group-version-kind': [{ group: type.group, kind: type.listKind, version: type.version }],
    });
  }

  #addMeta(): string {
    const name = schemaName(META_TYPE);
    if (!this.#schemas.has(name)) this.#addStruct(META_TYPE);
    return this.ref(name);
  }

  #addStruct(typeName: string): void {
    const name = schemaName(typeName);
    if (this.#schemas.has(name)) return;
    this.#schemas.set(name, {});
    this.#schemas.set(name, this.#structSchema(typeName));
  }

  #structSchema(typeName: string): Json {
    const properties: Record<string, unknown> = {};
    for (const field of structType(typeName).fields.values()) properties[field.name] = this.#fieldSchema(field);
    return { type: 'object', properties };
  }

  #fieldSchema({ type, replace }: Field): Json {
    const schema = this.#typeSchema(type);
    // Beside a reference nothing is read, so it is wrapped.
    if (replace) return { allOf: [schema], 'x-kubernetes-patch-strategy': 'replace' };
    if (type.kind !== 'list') return schema;
    const merge =
      type.mergeKey === undefined
        ? {}
        : { 'x-kubernetes-patch-strategy': 'merge', ...(type.mergeKey === '' ? {} : { 'x-kubernetes-patch-merge-key': type.mergeKey }) };
    const keys = type.keys;
    const list =
      keys === undefined
        ? {}
        : keys.length === 0
          ? { 'x-kubernetes-list-type': 'set' }
          : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
    return { ...schema, ...list, ...merge };
  }

  #typeSchema(type: FieldType): Json {
    switch (type.kind) {
      case 'struct':
        this.#addStruct(type.name);
        return { $ref: this.ref(schemaName(type.name)) };
      case 'list':
        return { type: 'array', items: this.#typeSchema(type.of) };
      case 'map':
        return { type: 'object', additionalProperties: this.#typeSchema(type.of) };
      case 'scalar':
        return SCALARS[type.name] ?? {};
    }
  }

  #customSchema(schema: SchemaNode | undefined): Json {
    const meta = { $ref: this.#addMeta() };
    const object = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: meta };
    if (!schema) return { type: 'object', properties: object, 'x-kubernetes-preserve-unknown-fields': true };
    return { ...withoutRules(schema), properties: { ...withoutRules(schema).properties, ...object } };
  }
}

const SCALARS: Readonly<Record<string, Json>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  uint8: { type: 'integer' },
  float64: { type: 'number', format: 'double' },
  time: { type: 'string', format: 'date-time' },
  microtime: { type: 'string', format: 'date-time' },
  quantity: { type: 'string' },
  intstr: { type: 'string', format: 'int-or-string' },
  bytes: { type: 'string', format: 'byte' },
  raw: { type: 'object' },
  schema: { type: 'object' },
};

function schemaName(typeName: string): string {
  if (typeName.startsWith('meta.')) return `io.k8s.apimachinery.pkg.apis.${typeName}`;
  if (typeName.startsWith('apiextensions.')) return `io.k8s.apiextensions-apiserver.pkg.apis.${typeName}`;
  return `io.k8s.api.${typeName}`;
}

/** The schema as clients read it: without defaults of rules that only a server runs. */
function withoutRules(schema: SchemaNode): SchemaNode {
  const { 'x-kubernetes-validations': _rules, ...rest } = schema;
  const items = mapItems(schema);
  return {
    ...rest,
    ...(schema.properties
      ? { properties: Object.fromEntries(Object.entries(schema.properties).map(([name, child]) => [name, withoutRules(child)])) }
      : {}),
    ...(schema.items ? { items: withoutRules(schema.items) } : {}),
    ...(items ? { additionalProperties: withoutRules(items) } : {}),
  };
}
