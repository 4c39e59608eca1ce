import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { builtInKinds, type TypeName, typeRules } from './list-keys.data.ts';

/**
 * How the members of a struct, map or list belong together when objects are merged and owned.
 * `struct` and `map` merge member by member; a map's members are owned one by one even where they are objects.
 * `list` is keyed by members of its items, `set` by its items' values; `atomic` is replaced and owned whole.
 * `any` is a value without a schema: objects are maps, lists atomic.
 */
export type Shape =
  | { readonly kind: 'scalar' | 'atomic' | 'set' | 'any' }
  | { readonly kind: 'struct'; field(name: string): Shape | undefined }
  | { readonly kind: 'map'; readonly items: Shape }
  | { readonly kind: 'list'; readonly keys: readonly string[]; readonly defaults: JsonObject; readonly items: Shape };

/** How a strategic merge patch treats one member: what `patchStrategy` and `patchMergeKey` say in the API's Go types. */
export interface PatchRule {
  /** Merge the list's items by this member; absent on a merged list: a list of scalars, merged as a set. */
  readonly mergeKey?: string;
  readonly merge?: boolean;
  readonly retainKeys?: boolean;
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

/** A member that no rule mentions: the value decides, and the members of objects count as named fields. */
export const UNLISTED: Shape = { kind: 'struct', field: () => UNLISTED };

function shapeOfType(type: TypeName): Shape {
  return { kind: 'struct', field: (name) => shapeOfMember(type, name) };
}

function shapeOfMember(type: TypeName, name: string): Shape {
  const rule = typeRules[type][name];
  if (rule === undefined) return UNLISTED;
  switch (rule.kind) {
    case 'struct':
      return shapeOfType(rule.of);
    case 'map':
      return { kind: 'map', items: SCALAR };
    case 'list':
      return {
        kind: 'list',
        keys: rule.keys,
        defaults: rule.defaults ?? {},
        items: rule.of === undefined ? UNLISTED : shapeOfType(rule.of),
      };
    case 'set':
    case 'atomic':
      return { kind: rule.kind };
  }
}

function patchRulesOfType(type: TypeName | undefined): PatchRules {
  return {
    rule: (name) => (type === undefined ? undefined : typeRules[type][name]?.patch),
    member: (name) => {
      const rule = type === undefined ? undefined : typeRules[type][name];
      return patchRulesOfType(rule !== undefined && 'of' in rule ? rule.of : undefined);
    },
  };
}

const NO_PATCH_RULES = patchRulesOfType(undefined);
const MAIN_AND_STATUS = { '': [['status']], status: [['spec']] };

/** The structure of a built-in kind. A kind without an entry merges objects member by member and replaces lists, its metadata apart. */
export function listKeysOf(group: string, kind: string): ListKeys {
  const known = builtInKinds[group === '' ? kind : `${kind}.${group}`];
  const type = known?.type ?? 'AnyObject';
  return {
    shape: shapeOfType(type),
    patchRules: patchRulesOfType(type),
    zero: known?.zero ?? { metadata: {} },
    resets: known?.resets ?? (known?.hasStatus ? MAIN_AND_STATUS : {}),
    builtIn: true,
  };
}

/**
 * The structure that a CRD's `openAPIV3Schema` declares by `x-kubernetes-list-type`, `-list-map-keys`, `-map-type`,
 * `-preserve-unknown-fields` and `-embedded-resource` (KEP-555). `hasStatus`: whether the version has the status subresource.
 */
export function listKeysOfSchema(schema: JsonObject | undefined, options: { readonly hasStatus: boolean }): ListKeys {
  return {
    shape: withObjectMembers(schema === undefined ? ANY : shapeOfSchema(schema)),
    patchRules: NO_PATCH_RULES,
    zero: {},
    resets: options.hasStatus ? { '': [['status']], status: [['metadata'], ['spec']] } : {},
    builtIn: false,
  };
}

function withObjectMembers(shape: Shape): Shape {
  if (shape.kind !== 'struct' && shape.kind !== 'any' && shape.kind !== 'map') return shape;
  return {
    kind: 'struct',
    field: (name) => {
      if (name === 'metadata') return shapeOfType('ObjectMeta');
      if (name === 'apiVersion' || name === 'kind') return SCALAR;
      if (shape.kind === 'struct') return shape.field(name);
      return shape.kind === 'map' ? shape.items : ANY;
    },
  };
}

function shapeOfSchema(schema: JsonObject): Shape {
  const shape = shapeOfPlainSchema(schema);
  return schema['x-kubernetes-embedded-resource'] === true ? withObjectMembers(shape) : shape;
}

function shapeOfPlainSchema(schema: JsonObject): Shape {
  if (schema['x-kubernetes-int-or-string'] === true) return SCALAR;
  switch (schema.type) {
    case 'array':
      return shapeOfList(schema);
    case 'object':
      return shapeOfObject(schema);
    case undefined:
      return schema['x-kubernetes-preserve-unknown-fields'] === true ? ANY : shapeOfObject(schema);
    default:
      return SCALAR;
  }
}

function shapeOfObject(schema: JsonObject): Shape {
  if (schema['x-kubernetes-map-type'] === 'atomic') return { kind: 'atomic' };
  const properties = isJsonObject(schema.properties) ? schema.properties : undefined;
  const additional = schema.additionalProperties;
  if (properties === undefined && isJsonObject(additional)) return { kind: 'map', items: shapeOfSchema(additional) };
  const rest = schema['x-kubernetes-preserve-unknown-fields'] === true || additional === true ? ANY : undefined;
  if (properties === undefined) return rest === undefined ? { kind: 'struct', field: () => undefined } : { kind: 'map', items: rest };
  const fields = new Map(Object.entries(properties).map(([name, member]) => [name, isJsonObject(member) ? shapeOfSchema(member) : ANY]));
  return { kind: 'struct', field: (name) => fields.get(name) };
}

function shapeOfList(schema: JsonObject): Shape {
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
  return { kind: 'list', keys, defaults, items: shapeOfSchema(items) };
}
