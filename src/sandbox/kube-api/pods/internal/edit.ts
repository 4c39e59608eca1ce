import { isJsonObject } from '../../../../base/json.ts';

export type Members = Readonly<Record<string, unknown>>;

/** `members` with `defaults` where a member is absent, null, zero or empty text: Go cannot tell those from one another. */
export function withDefaults(members: Members, defaults: Members): Members {
  const missing = Object.entries(defaults).filter(([name]) => isUnset(members[name]));
  return missing.length === 0 ? members : { ...members, ...Object.fromEntries(missing) };
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0;
}

/** `members` with each listed member that is present replaced by what its function makes of it. */
export function edited(members: Members, edits: Readonly<Record<string, (value: unknown) => unknown>>): Members {
  const result: Record<string, unknown> = { ...members };
  for (const [name, edit] of Object.entries(edits)) {
    const value = members[name];
    if (value !== undefined && value !== null) result[name] = edit(value);
  }
  return result;
}

/** Each object of a list through `edit`; anything else is left as it is. */
export function listOf(value: unknown, edit: (item: Members) => Members): unknown {
  return Array.isArray(value) ? value.map((item) => (isJsonObject(item) ? edit(item) : item)) : value;
}

/** An object through `edit`; anything else is left as it is. */
export function objectOf(value: unknown, edit: (members: Members) => Members): unknown {
  return isJsonObject(value) ? edit(value) : value;
}

/** The objects of a list, none of anything else. */
export function objectsOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** The members of an object, none of anything else. */
export function membersOf(value: unknown): Members {
  return isJsonObject(value) ? value : {};
}

/** A text, empty where there is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
