import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { type Field, type FieldType, structType } from '../resources/field-type.ts';
import { builtInResources } from '../resources/resources.data.ts';
import { builtInTypes } from '../resources/types.data.ts';
import { atomicItems, keyDefaults, resetPaths } from './list-keys.data.ts';

/**
 * How the members of a struct, map or list belong together when objects are merged and owned.
 * `struct` and `map` merge member by member; a map's members are owned one by one even where they are objects.
 * `list` is keyed by members of its items, `set` by its items' values; `atomic` is replaced and owned whole.
 * `any` is a value without a schema: objects are maps, lists atomic.
 */
export type Shape =
  | { readonly kind: 'scalar' | 'atomic' | 'set' | 'any' }
  /** `open`: members without a declaration are kept. */
  | { readonly kind: 'struct'; readonly open: boolean; readonly field: (name: string) => Shape | undefined }
  | { readonly kind: 'map'; readonly items: Shape }
  | { readonly kind: 'list'; readonly keys: readonly string[]; readonly defaults: JsonObject; readonly items: Shape };

/** How a strategic merge patch treats one member: what `patchStrategy` and `patchMergeKey` say in the API's Go types. */
export interface PatchRule {
  /** Merge the list's items by this member; absent on a merged list: a list of scalars, merged as a set. */
  readonly mergeKey?: string;
  readonly merge?: boolean;
  readonly retainKeys?: boolean;
  /** Take the patch's object in place of what is there. */
  readonly replace?: boolean;
}

/** The member rules of a type for strategic merge patches. */
export interface PatchRules {
  rule(name: string): PatchRule | undefined;
  /** Rules of the member's object, of its items where it is a list. */
  member(name: string): PatchRules;
}

/** Everything about a kind's structure that merging and ownership need. */
export interface ListKeys {
  readonly shape: Shape;
  readonly patchRules: PatchRules;
  /** What the Go type encodes to when nothing is set; members present here are never *added* by a create. */
  readonly zero: JsonObject;
  /** Paths that a write to the main resource (`''`) or to a subresource ignores, hence never owns. */
  readonly resets: Readonly<Record<string, readonly (readonly string[])[]>>;
  /** Typed objects lose explicit nulls when they are decoded; custom resources keep them. */
  readonly builtIn: boolean;
}

const ANY: Shape = { kind: 'any' };
const SCALAR: Shape = { kind: 'scalar' };

/** A value that no type describes: the value decides, and the members of objects count as named fields. */
const UNTYPED: Shape = { kind: 'struct', open: true, field: () => UNTYPED };
const UNTYPED_OBJECT: Shape = {
  kind: 'struct',
  open: true,
  field: (name) => (name === 'metadata' ? shapeOfStruct('meta.v1.ObjectMeta') : UNTYPED),
};

function shapeOfStruct(type: string): Shape {
  return {
    kind: 'struct',
    open: false,
    field: (name) => {
      const field = structType(type).fields.get(name);
      return field === undefined ? undefined : shapeOfField(field.type);
    },
  };
}

function shapeOfField(type: FieldType): Shape {
  switch (type.kind) {
    case 'scalar':
      return type.name === 'raw' ? ANY : SCALAR;
    case 'struct':
      return type.atomic ? { kind: 'atomic' } : shapeOfStruct(type.name);
    case 'map':
      return type.atomic ? { kind: 'atomic' } : { kind: 'map', items: shapeOfField(type.of) };
    case 'list':
      return shapeOfListField(type.keys, type.of);
  }
}

function shapeOfListField(keys: readonly string[] | undefined, of: FieldType): Shape {
  if (keys === undefined) return { kind: 'atomic' };
  if (keys.length === 0) return { kind: 'set' };
  const name = of.kind === 'struct' ? of.name : '';
  return { kind: 'list', keys, defaults: keyDefaults[name] ?? {}, items: atomicItems.has(name) ? { kind: 'atomic' } : shapeOfField(of) };
}

function patchRulesOfStruct(type: string | undefined): PatchRules {
  const fieldOf = (name: string): Field | undefined => (type === undefined ? undefined : structType(type).fields.get(name));
  return {
    rule: (name) => {
      const field = fieldOf(name);
      return type === undefined || field === undefined ? undefined : ruleOfField(type, field);
    },
    member: (name) => {
      const of = fieldOf(name)?.type;
      const target = of?.kind === 'list' ? of.of : of;
      return patchRulesOfStruct(target?.kind === 'struct' ? target.name : undefined);
    },
  };
}

function ruleOfField(type: string, { name, type: of, replace }: Field): PatchRule {
  const retainKeys = builtInTypes[type]?.[name]?.split(' ').includes('^') === true;
  const merge = of.kind === 'list' && of.mergeKey !== undefined;
  return {
    ...(merge ? { merge } : {}),
    ...(merge && of.mergeKey !== '' ? { mergeKey: of.mergeKey } : {}),
    ...(retainKeys ? { retainKeys } : {}),
    ...(replace ? { replace } : {}),
  };
}

/** What Go writes for a struct in which nothing is set: the members without `omitempty`. */
function zeroOf(type: string): JsonObject {
  return Object.fromEntries(
    [...structType(type).fields.values()].filter(({ always }) => always).map((field) => [field.name, zeroOfField(field)]),
  );
}

function zeroOfField({ pointer, type }: Field): Json {
  if (pointer || type.kind === 'list' || type.kind === 'map') return null;
  if (type.kind === 'struct') return zeroOf(type.name);
  switch (type.name) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'uint8':
    case 'float64':
    case 'intstr':
      return 0;
    default:
      return null;
  }
}

const known = new Map<string, ListKeys>();

/** The structure of a built-in kind. A kind that is not served merges objects member by member and replaces lists, its metadata apart. */
export function listKeysOf(group: string, kind: string): ListKeys {
  const key = group === '' ? kind : `${kind}.${group}`;
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  const resource = builtInResources.find((candidate) => candidate.group === group && candidate.kind === kind);
  const type = resource?.body.kind === 'built-in' ? resource.body.typeName : undefined;
  const keys: ListKeys = {
    shape: type === undefined ? UNTYPED_OBJECT : shapeOfStruct(type),
    patchRules: patchRulesOfStruct(type),
    zero: type === undefined ? { metadata: {} } : zeroOf(type),
    resets: resetPaths[key] ?? (resource?.subresources.includes('status') ? { '': [['status']], status: [['spec']] } : {}),
    builtIn: true,
  };
  known.set(key, keys);
  return keys;
}

/**
 * The structure that a CRD's `openAPIV3Schema` declares by `x-kubernetes-list-type`, `-list-map-keys`, `-map-type`,
 * `-preserve-unknown-fields` and `-embedded-resource` (KEP-555). `hasStatus`: whether the version has the status subresource.
 */
export function listKeysOfSchema(schema: JsonObject | undefined, options: { readonly hasStatus: boolean }): ListKeys {
  return {
    shape: withObjectMembers(schema === undefined ? ANY : shapeOfSchema(schema, false)),
    patchRules: patchRulesOfStruct(undefined),
    zero: {},
    resets: options.hasStatus ? { '': [['status']], status: [['metadata'], ['spec']] } : {},
    builtIn: false,
  };
}

function withObjectMembers(shape: Shape): Shape {
  if (shape.kind !== 'struct' && shape.kind !== 'any' && shape.kind !== 'map') return shape;
  return {
    kind: 'struct',
    open: shape.kind !== 'struct' || shape.open,
    field: (name) => {
      if (name === 'metadata') return shapeOfStruct('meta.v1.ObjectMeta');
      if (name === 'apiVersion' || name === 'kind') return SCALAR;
      if (shape.kind === 'struct') return shape.field(name);
      return shape.kind === 'map' ? shape.items : ANY;
    },
  };
}

/** `open`: whether a schema around this one preserves unknown fields; it then does so all the way down. */
function shapeOfSchema(schema: JsonObject, open: boolean): Shape {
  const shape = shapeOfPlainSchema(schema, open || schema['x-kubernetes-preserve-unknown-fields'] === true);
  return schema['x-kubernetes-embedded-resource'] === true ? withObjectMembers(shape) : shape;
}

function shapeOfPlainSchema(schema: JsonObject, open: boolean): Shape {
  if (schema['x-kubernetes-int-or-string'] === true) return SCALAR;
  switch (schema.type) {
    case 'array':
      return shapeOfList(schema, open);
    case 'object':
      return shapeOfObject(schema, open);
    case undefined:
      return open ? ANY : shapeOfObject(schema, open);
    default:
      return SCALAR;
  }
}

function shapeOfObject(schema: JsonObject, open: boolean): Shape {
  if (schema['x-kubernetes-map-type'] === 'atomic') return { kind: 'atomic' };
  const properties = isJsonObject(schema.properties) ? schema.properties : undefined;
  const additional = schema.additionalProperties;
  if (properties === undefined && isJsonObject(additional)) return { kind: 'map', items: shapeOfSchema(additional, open) };
  const keeps = open || additional === true;
  if (properties === undefined) return keeps ? { kind: 'map', items: ANY } : { kind: 'struct', open: false, field: () => undefined };
  const fields = new Map(
    Object.entries(properties).map(([name, member]) => [name, isJsonObject(member) ? shapeOfSchema(member, open) : ANY] as const),
  );
  return { kind: 'struct', open: keeps, field: (name) => fields.get(name) };
}

function shapeOfList(schema: JsonObject, open: boolean): Shape {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return { kind: 'set' };
  if (type !== 'map') return { kind: 'atomic' };
  const items = isJsonObject(schema.items) ? schema.items : {};
  const names: readonly Json[] = Array.isArray(schema['x-kubernetes-list-map-keys']) ? schema['x-kubernetes-list-map-keys'] : [];
  const keys = names.filter((name): name is string => typeof name === 'string');
  const properties = isJsonObject(items.properties) ? items.properties : {};
  const defaults = Object.fromEntries(
    keys.flatMap((key) => {
      const member = properties[key];
      return isJsonObject(member) && member.default !== undefined ? [[key, member.default] as const] : [];
    }),
  );
  return { kind: 'list', keys, defaults, items: shapeOfSchema(items, open) };
}
