import { isJsonObject, type JsonObject } from '../../../../base/json.ts';
import type { Shape } from '../list-keys.ts';

/** What one value is under its shape: the rule that merging, comparing and owning follow there. */
export type Atom =
  | { readonly kind: 'leaf' }
  | {
      readonly kind: 'members';
      readonly member: (name: string) => Shape;
      /** Whether the member is a field of a struct, not an entry of a map. */
      readonly named: (name: string) => boolean;
      readonly declared: (name: string) => boolean;
    }
  | { readonly kind: 'items'; readonly element: (item: unknown) => string | undefined; readonly items: Shape };

const LEAF: Atom = { kind: 'leaf' };
const ANY: Shape = { kind: 'any' };
const ANY_MAP: Atom = { kind: 'members', member: () => ANY, named: () => false, declared: () => true };

/** The rule for `value`; `beside` is what stands on the other side, which decides where `value` is absent or null. */
export function atomOf(shape: Shape, value: unknown, beside: unknown = undefined): Atom {
  const decides = value ?? beside;
  switch (shape.kind) {
    case 'scalar':
    case 'atomic':
      return LEAF;
    case 'any':
      return isJsonObject(decides) ? ANY_MAP : LEAF;
    case 'struct': {
      const { field, open } = shape;
      const named = (name: string): boolean => field(name) !== undefined;
      return isJsonObject(decides)
        ? { kind: 'members', member: (name) => field(name) ?? ANY, named, declared: (name) => open || named(name) }
        : LEAF;
    }
    case 'map':
      return isJsonObject(decides) ? { kind: 'members', member: () => shape.items, named: () => false, declared: () => true } : LEAF;
    case 'set':
      return Array.isArray(decides) ? { kind: 'items', element: valueElement, items: { kind: 'scalar' } } : LEAF;
    case 'list': {
      const { keys, defaults, items } = shape;
      return Array.isArray(decides) ? { kind: 'items', element: (item) => keyElement(item, keys, defaults), items } : LEAF;
    }
  }
}

/** `f:` of a member's name. */
export function nameElement(name: string): string {
  return `f:${name}`;
}

function valueElement(item: unknown): string | undefined {
  return typeof item === 'object' || item === undefined ? undefined : `v:${JSON.stringify(item)}`;
}

function keyElement(item: unknown, keys: readonly string[], defaults: JsonObject): string | undefined {
  if (!isJsonObject(item)) return undefined;
  const found = [...keys].sort().flatMap((key) => {
    const value = item[key] ?? defaults[key];
    return value === undefined || value === null ? [] : [[key, value] as const];
  });
  return found.length === 0 ? undefined : `k:${JSON.stringify(Object.fromEntries(found))}`;
}

/** The members of an object, none of anything else. */
export function membersOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The items of a list, none of anything else. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether a container is absent, null or empty: such a one is owned and compared whole. */
export function isHollow(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}
