import { type FieldError, invalidValue, requiredValue, tooLong } from '../status/field-error.ts';

const SUBDOMAIN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const SUBDOMAIN_TEXT = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_TEXT = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const NAME_PART_TEXT = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`;
const VALUE_TEXT = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`;

/** All annotations of an object together, keys and values, in bytes. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** How the names of a resource are formed. Roles and their bindings allow any path segment. */
export type NameRule = 'subdomain' | 'label' | 'path-segment';

/** Checks a name by its rule. A generated name's prefix may end in a dash. */
export function checkName(rule: NameRule, name: string, field: string): readonly FieldError[] {
  switch (rule) {
    case 'path-segment':
      return name === '.' || name === '..' || /[/%]/.test(name) ? [invalidValue(field, name, pathSegmentProblem(name))] : [];
    case 'label':
      return [
        ...(name.length > 63 ? [invalidValue(field, name, 'must be no more than 63 characters')] : []),
        ...matching(LABEL, LABEL_TEXT, name, field),
      ];
    case 'subdomain':
      return [
        ...(name.length > 253 ? [invalidValue(field, name, 'must be no more than 253 characters')] : []),
        ...matching(SUBDOMAIN, SUBDOMAIN_TEXT, name, field),
      ];
  }
}

function pathSegmentProblem(name: string): string {
  if (name === '.' || name === '..') return `may not be '${name}'`;
  return `may not contain '${name.includes('/') ? '/' : '%'}'`;
}

function matching(pattern: string, text: string, value: string, field: string): readonly FieldError[] {
  return new RegExp(`^${pattern}$`).test(value) ? [] : [invalidValue(field, value, text)];
}

/** Checks the keys of labels or annotations, and of labels the values. */
export function checkLabels(labels: Readonly<Record<string, string>>, field: string): readonly FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkQualifiedName(key, field),
    ...(value.length > 63 ? [invalidValue(field, value, 'must be no more than 63 bytes')] : []),
    ...matching(`(${QUALIFIED})?`, VALUE_TEXT, value, field),
  ]);
}

export function checkAnnotations(annotations: Readonly<Record<string, string>>, field: string): readonly FieldError[] {
  const errors = Object.keys(annotations).flatMap((key) => checkQualifiedName(key.toLowerCase(), field, key));
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + new TextEncoder().encode(key + value).length, 0);
  return bytes > MAX_ANNOTATION_BYTES ? [...errors, tooLong(field, MAX_ANNOTATION_BYTES)] : errors;
}

/** `[prefix/]name` as labels, annotations and finalizers are keyed. */
export function checkQualifiedName(key: string, field: string, shown = key): readonly FieldError[] {
  const parts = key.split('/');
  const name = parts.length > 1 ? (parts[1] ?? '') : key;
  if (parts.length > 2) {
    return [
      invalidValue(
        field,
        shown,
        `a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ),
    ];
  }
  const errors: FieldError[] = [];
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') errors.push(invalidValue(field, shown, 'prefix part must be non-empty'));
    else if (!new RegExp(`^${SUBDOMAIN}$`).test(prefix)) errors.push(invalidValue(field, shown, `prefix part ${SUBDOMAIN_TEXT}`));
  }
  if (name === '') errors.push(invalidValue(field, shown, 'name part must be non-empty'));
  else if (name.length > 63) errors.push(invalidValue(field, shown, 'name part must be no more than 63 bytes'));
  if (!new RegExp(`^${QUALIFIED}$`).test(name)) errors.push(invalidValue(field, shown, NAME_PART_TEXT));
  return errors;
}

/** The refusal of an object without a name. */
export function nameRequired(): FieldError {
  return requiredValue('metadata.name', 'name or generateName is required');
}
