import { Environment } from '@marcbachmann/cel-js';
import { messageOf } from '../../../base/errors.ts';
import { isJsonObject } from '../../../base/json.ts';
import { type FieldError, invalidValue } from '../status/field-error.ts';
import { mapItems, type SchemaNode, type ValidationRule } from './schema.ts';

const environment = new Environment({ unlistedVariablesAreDyn: true });

/** Whether a schema has a rule anywhere. */
export function hasRules(schema: SchemaNode): boolean {
  const items = mapItems(schema);
  return (
    (schema['x-kubernetes-validations'] ?? []).length > 0 ||
    Object.values(schema.properties ?? {}).some(hasRules) ||
    (schema.items !== undefined && hasRules(schema.items)) ||
    (items !== undefined && hasRules(items))
  );
}

/** Evaluates the CEL rules of a schema (KEP-2876) at every place where they stand; transition rules only where there was a value before. */
export function validateRules(schema: SchemaNode, value: unknown, before: unknown): readonly FieldError[] {
  return rulesAt(schema, value, before, '');
}

function rulesAt(schema: SchemaNode, value: unknown, before: unknown, path: string): readonly FieldError[] {
  if (value === undefined || value === null) return [];
  const own = (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => evaluate(rule, { schema, value, before, path }));
  return [...own, ...rulesBelow(schema, value, before, path)];
}

function rulesBelow(schema: SchemaNode, value: unknown, before: unknown, path: string): readonly FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return [];
    return value.flatMap((item, index) => rulesAt(items, item, matchingItem(schema, item, before), `${path}[${index}]`));
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const child = schema.properties?.[name] ?? mapItems(schema);
    const old = isJsonObject(before) ? before[name] : undefined;
    return child ? rulesAt(child, member, old, path === '' ? name : `${path}.${name}`) : [];
  });
}

/** Items of a list-map are the same by their keys; items of other lists are never the same. */
function matchingItem(schema: SchemaNode, item: unknown, before: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (!keys || !Array.isArray(before) || !isJsonObject(item)) return undefined;
  return before.find((old) => isJsonObject(old) && keys.every((key) => old[key] === item[key]));
}

interface Place {
  readonly schema: SchemaNode;
  readonly value: unknown;
  readonly before: unknown;
  readonly path: string;
}

function evaluate(rule: ValidationRule, { schema, value, before, path }: Place): readonly FieldError[] {
  const transition = /\boldSelf\b/.test(rule.rule);
  if (transition && before === undefined) return [];
  const variables = { self: celValue(schema, value), ...(transition ? { oldSelf: celValue(schema, before) } : {}) };
  const field = rule.fieldPath === undefined ? path : `${path}${rule.fieldPath}`;
  try {
    if (environment.evaluate(rule.rule, variables) === true) return [];
    return [failed(rule, field, value, messageFor(rule, variables))];
  } catch (thrown) {
    return [ruleError(field, value, `rule ${JSON.stringify(rule.rule)} could not be evaluated: ${messageOf(thrown)}`)];
  }
}

function messageFor(rule: ValidationRule, variables: Readonly<Record<string, unknown>>): string {
  if (rule.messageExpression !== undefined) {
    try {
      const text: unknown = environment.evaluate(rule.messageExpression, { ...variables });
      if (typeof text === 'string' && text.trim() !== '') return text;
    } catch {
      // A message that cannot be made is replaced by the one that is written down.
    }
  }
  return rule.message ?? `failed rule: ${rule.rule.trim()}`;
}

function failed(rule: ValidationRule, field: string, value: unknown, message: string): FieldError {
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return { reason: rule.reason, field, message: `Forbidden: ${message}` };
    case 'FieldValueRequired':
      return { reason: rule.reason, field, message: `Required value: ${message}` };
    case 'FieldValueDuplicate':
      return { reason: rule.reason, field, message: `Duplicate value: ${JSON.stringify(value)}` };
    default:
      return ruleError(field, value, message);
  }
}

/** Scalars are shown in an error, objects and lists are not. */
function ruleError(field: string, value: unknown, message: string): FieldError {
  if (typeof value !== 'object') return invalidValue(field, value, message);
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${message}` };
}

/** Integers are `int` in CEL, which the library knows as bigint. */
function celValue(schema: SchemaNode | undefined, value: unknown): unknown {
  if (typeof value === 'number') return schema?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value);
  if (Array.isArray(value)) return value.map((item) => celValue(schema?.items, item));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([name, member]) => {
    const child = schema?.properties?.[name] ?? (schema ? mapItems(schema) : undefined);
    return [name, celValue(child, member)] as const;
  });
  return Object.fromEntries(entries);
}
