import type { StatusDetails } from '../../../kube/core/status.ts';
import { type FieldError, invalidAs, notSupported } from '../status/field-error.ts';
import type { Refusal } from '../status/refusal.ts';

/** Whether the write is only tried (`dryRun=All`). Throws a 422 Refusal for any other value. */
export function isDryRun(query: URLSearchParams, optionsKind: string): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '');
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

/** The name under which a write owns fields: `fieldManager`, else the User-Agent up to its first slash, else `unknown`. */
export function fieldManager(query: URLSearchParams, userAgent: string | null): string {
  const given = query.get('fieldManager');
  if (given) return given;
  return userAgent?.split('/', 1)[0] || 'unknown';
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
