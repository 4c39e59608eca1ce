import type { StatusDetails } from '../../../kube/core/status.ts';
import { type FieldError, invalidAs, invalidValue, notSupported, tooLong } from '../status/field-error.ts';
import { badRequest, type Refusal } from '../status/refusal.ts';

/** Whether the write is only tried (`dryRun=All`). Throws a 422 Refusal for any other value. */
export function isDryRun(query: URLSearchParams, optionsKind: string): boolean {
  const values = query.getAll('dryRun');
  const wrong = values.filter((value) => value !== 'All');
  if (wrong.length > 0) throw invalidOptions(optionsKind, [notSupported('dryRun', wrong, ['All'])]);
  return values.length > 0;
}

/** What to do with unknown and duplicate fields (KEP-2885); the default is to warn. */
export function fieldValidation(query: URLSearchParams, optionsKind: string): 'Ignore' | 'Warn' | 'Strict' {
  const value = query.get('fieldValidation') ?? '';
  if (value === '') return 'Warn';
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value;
  throw invalidOptions(optionsKind, [notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn'])]);
}

const MAX_MANAGER_BYTES = 128;

/**
 * The name under which a write owns fields: `fieldManager`, else the User-Agent up to its first slash, else `unknown`. Throws a 422 Refusal
 * for a name that is too long or cannot be printed.
 */
export function fieldManager(query: URLSearchParams, userAgent: string | null, optionsKind = 'CreateOptions'): string {
  const given = query.get('fieldManager');
  if (given) {
    const errors = managerProblems(given);
    if (errors.length > 0) throw invalidOptions(optionsKind, errors);
    return given;
  }
  return userAgent?.split('/', 1)[0] || 'unknown';
}

function managerProblems(manager: string): readonly FieldError[] {
  const long = new TextEncoder().encode(manager).length > MAX_MANAGER_BYTES ? [tooLong('fieldManager', MAX_MANAGER_BYTES)] : [];
  const position = [...manager].findIndex((character) => UNPRINTABLE.test(character));
  if (position < 0) return long;
  const code = ([...manager][position]?.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return [...long, invalidValue('fieldManager', manager, `invalid character U+${code} (at position ${position})`)];
}

/** What Go calls not printable: everything of categories C and Z but the space. */
const UNPRINTABLE = /[^\P{C}]|(?! )\p{Z}/u;

/** A whole number of the query; absent or empty: `undefined`. Throws the 400 Refusal that Go's decoder of options gives. */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A 422 about the options of a request rather than about its object. */
export function invalidOptions(kind: string, errors: readonly FieldError[]): Refusal {
  const details: StatusDetails = { group: 'meta.k8s.io', kind };
  return invalidAs(`${kind}.meta.k8s.io`, details, errors);
}

/** A boolean query parameter as Go's decoder of options reads it: present and neither false nor 0. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}
