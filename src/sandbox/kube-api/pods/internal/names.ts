import { type FieldError, invalidValue } from '../../status/field-error.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/** What is wrong with a name that must be a DNS label (RFC 1123). */
export function labelErrors(path: string, name: string): FieldError[] {
  return [
    ...(name.length > 63 ? [invalidValue(path, name, 'must be no more than 63 bytes')] : []),
    ...(LABEL.test(name) ? [] : [invalidValue(path, name, LABEL_TEXT)]),
  ];
}
