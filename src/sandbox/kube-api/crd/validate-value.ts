import { isJsonObject } from '../../../base/json.ts';
import { type FieldError, invalidValue, notSupported, requiredValue, tooLong, tooMany, typeInvalid } from '../status/field-error.ts';
import { formatProblem } from './formats.ts';
import { mapItems, type SchemaNode } from './schema.ts';

/** Checks a value against a structural schema; errors are worded as those of the API server's own OpenAPI validation. */
export function validateValue(schema: SchemaNode, value: unknown, path: string): readonly FieldError[] {
  if (value === null && schema.nullable === true) return [];
  const typeError = checkType(schema, value, path);
  if (typeError) return [typeError];
  return [
    ...checkEnum(schema, value, path),
    ...(typeof value === 'string' ? checkString(schema, value, path) : []),
    ...(typeof value === 'number' ? checkNumber(schema, value, path) : []),
    ...(Array.isArray(value) ? checkArray(schema, value, path) : []),
    ...(isJsonObject(value) ? checkObject(schema, value, path) : []),
    ...checkCombined(schema, value, path),
  ];
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkType(schema: SchemaNode, value: unknown, path: string): FieldError | undefined {
  const found = typeName(value);
  if (schema['x-kubernetes-int-or-string'] === true) {
    return found === 'integer' || found === 'string' ? undefined : wrongType(path, found, 'integer,string');
  }
  if (schema.type === undefined || schema.type === found || (schema.type === 'number' && found === 'integer')) return undefined;
  return wrongType(path, found, schema.type);
}

function wrongType(path: string, found: string, expected: string): FieldError {
  return typeInvalid(path, found, `${path} in body must be of type ${expected}: ${JSON.stringify(found)}`);
}

function checkEnum(schema: SchemaNode, value: unknown, path: string): readonly FieldError[] {
  if (!schema.enum || schema.enum.some((allowed) => sameJson(allowed, value))) return [];
  return [
    notSupported(
      path,
      value,
      schema.enum.map((allowed) => (typeof allowed === 'string' ? allowed : JSON.stringify(allowed))),
    ),
  ];
}

function checkString(schema: SchemaNode, value: string, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) errors.push(tooLong(path, schema.maxLength));
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(invalidValue(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    errors.push(invalidValue(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format !== undefined && formatProblem(schema.format, value)) {
    errors.push(typeInvalid(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`));
  }
  return errors;
}

function checkNumber(schema: SchemaNode, value: number, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { minimum, maximum, multipleOf } = schema;
  if (multipleOf !== undefined && value % multipleOf !== 0)
    errors.push(invalidValue(path, value, `${path} in body should be a multiple of ${multipleOf}`));
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    errors.push(
      invalidValue(path, value, `${path} in body should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`),
    );
  }
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    errors.push(
      invalidValue(path, value, `${path} in body should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`),
    );
  }
  return errors;
}

function checkArray(schema: SchemaNode, value: readonly unknown[], path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    errors.push(invalidValue(path, value.length, `${path} in body should have at least ${schema.minItems} items`));
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) errors.push(tooMany(path, value.length, schema.maxItems));
  const { items } = schema;
  if (items) errors.push(...value.flatMap((item, index) => validateValue(items, item, `${path}[${index}]`)));
  errors.push(...checkListType(schema, value, path));
  return errors;
}

function checkListType(schema: SchemaNode, value: readonly unknown[], path: string): readonly FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'set' && listType !== 'map') return [];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  value.forEach((item, index) => {
    const identity =
      listType === 'set' ? item : Object.fromEntries(keys.map((key) => [key, isJsonObject(item) ? (item[key] ?? null) : null]));
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push({ reason: 'FieldValueDuplicate', field: `${path}[${index}]`, message: `Duplicate value: ${text}` });
    seen.add(text);
  });
  return errors;
}

function checkObject(schema: SchemaNode, value: Readonly<Record<string, unknown>>, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const items = mapItems(schema);
  const names = Object.keys(value);
  if (schema.minProperties !== undefined && names.length < schema.minProperties) {
    errors.push(invalidValue(path, names.length, `${path} in body should have at least ${schema.minProperties} properties`));
  }
  if (schema.maxProperties !== undefined && names.length > schema.maxProperties) {
    errors.push({
      reason: 'FieldValueTooMany',
      field: path,
      message: `Too many: ${names.length}: must have at most ${schema.maxProperties} items`,
    });
  }
  for (const name of names.sort()) {
    const child = schema.properties?.[name] ?? items;
    if (child && value[name] !== undefined) errors.push(...validateValue(child, value[name], join(path, name)));
  }
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) errors.push(requiredValue(join(path, name)));
  }
  if (schema['x-kubernetes-embedded-resource'] === true) {
    for (const name of ['apiVersion', 'kind']) if (!value[name]) errors.push(requiredValue(join(path, name)));
  }
  return errors;
}

/** Combined schemas are reported at no field; the errors of the alternative that came nearest follow. */
function checkCombined(schema: SchemaNode, value: unknown, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const bad = (text: string): void => {
    errors.push(invalidValue('<nil>', '', `${JSON.stringify(path)} must ${text}`));
  };
  const outcomes = (nodes: readonly SchemaNode[]): readonly (readonly FieldError[])[] =>
    nodes.map((node) => validateValue(node, value, path));
  if (schema.anyOf && !schema['x-kubernetes-int-or-string']) {
    const all = outcomes(schema.anyOf);
    if (all.every((found) => found.length > 0)) {
      bad('validate at least one schema (anyOf)');
      errors.push(...fewest(all));
    }
  }
  if (schema.oneOf) {
    const all = outcomes(schema.oneOf);
    const matching = all.filter((found) => found.length === 0).length;
    if (matching !== 1)
      bad(`validate one and only one schema (oneOf). Found ${matching === 0 ? 'none valid' : `${matching} valid alternatives`}`);
    if (matching === 0) errors.push(...fewest(all));
  }
  if (schema.allOf) {
    const found = outcomes(schema.allOf).flat();
    if (found.length > 0) bad(`validate all the schemas (allOf)${schema.allOf.length === 1 ? '. None validated' : ''}`);
    errors.push(...found);
  }
  if (schema.not && validateValue(schema.not, value, path).length === 0) bad('not validate the schema (not)');
  return errors;
}

function fewest(all: readonly (readonly FieldError[])[]): readonly FieldError[] {
  return all.reduce<readonly FieldError[]>((best, found) => (best.length === 0 || found.length < best.length ? found : best), []);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
