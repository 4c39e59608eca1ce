import type { StatusCause, StatusDetails } from '../../../kube/core/status.ts';
import { failure, type KindName, qualifiedKind, Refusal } from './refusal.ts';

/** One thing wrong with an object, as `field.Error` of Kubernetes' validation says it. */
export interface FieldError {
  readonly reason: string;
  readonly field: string;
  /** Without the field. */
  readonly message: string;
}

export function requiredValue(field: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', field, message: withDetail('Required value', detail) };
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', field, message: withDetail(`Invalid value: ${show(value)}`, detail) };
}

/** A value of the wrong type; the bad value shown is the name of the type found. */
export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { reason: 'FieldValueTypeInvalid', field, message: withDetail(`Invalid value: ${show(value)}`, detail) };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((item) => JSON.stringify(item)).join(', ');
  return { reason: 'FieldValueNotSupported', field, message: `Unsupported value: ${show(value)}: supported values: ${list}` };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', field, message: withDetail('Forbidden', detail) };
}

export function duplicateValue(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${show(value)}` };
}

export function tooLong(field: string, maximum: number): FieldError {
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${maximum} bytes` };
}

export function tooMany(field: string, actual: number, maximum: number): FieldError {
  return { reason: 'FieldValueTooMany', field, message: `Too many: ${actual}: must have at most ${maximum} items` };
}

/** Go prints strings quoted, numbers bare and objects as JSON. */
function show(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

/** A 422 that names every error of the object; several are set in brackets. */
export function invalid(kind: KindName, name: string, errors: readonly FieldError[]): Refusal {
  return invalidAs(qualifiedKind(kind), { name, group: kind.group, kind: kind.kind }, errors);
}

/** The same for the few refusals that name a resource where others name a kind. */
export function invalidAs(subject: string, details: StatusDetails, errors: readonly FieldError[]): Refusal {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const causes: StatusCause[] = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  const message = `${subject} "${details.name ?? ''}" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`;
  return new Refusal(failure(422, message, { reason: 'Invalid', details: { ...details, causes } }));
}
