import { AwsError } from '../errors.ts';

/** Parameters of a Query request, by their wire names (`Tags.member.1.Key`). */
export type Form = ReadonlyMap<string, string>;

/** 400 for a request that cannot be read into parameters at all. */
export function malformedInput(message: string): AwsError {
  return new AwsError('MalformedInput', 400, message, { reason: 'request-invalid' });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new AwsError('MalformedInput', 400, 'The request is not valid percent-encoded UTF-8.', { reason: 'request-invalid', cause });
  }
}

/**
 * Decodes `application/x-www-form-urlencoded` text strictly: broken percent sequences and parameters given twice are
 * refused (`MalformedInput`), so that no two readers of one request can disagree about what it asks for.
 */
export function parseForm(text: string): Form {
  const form = new Map<string, string>();
  for (const pair of text.trim().split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    if (form.has(name)) throw malformedInput(`Duplicate parameter: ${name.slice(0, 64)}`);
    form.set(name, equals < 0 ? '' : decode(pair.slice(equals + 1)));
  }
  return form;
}

const LIST_INDEX = /^[+-]?\d+$/;
/** Live AWS refuses a list whose lowest index is 12 or more. */
const HIGHEST_FIRST_INDEX = 11;
const HIGHEST_INDEX = 1000;

/**
 * The wire names of a list's elements, in order; `undefined` where a gap is left, which stays a gap. `member.01` is
 * `member.1`. Undefined when the list is absent; an empty value under the list's own name is an empty list, as botocore sends it.
 */
export function listElements(form: Form, name: string): readonly (string | undefined)[] | undefined {
  const prefix = `${name}.member.`;
  const elements: (string | undefined)[] = [];
  let lowest = Number.POSITIVE_INFINITY;
  for (const parameter of form.keys()) {
    if (!parameter.startsWith(prefix)) continue;
    const segment = parameter.slice(prefix.length).split('.', 1)[0] ?? '';
    const index = LIST_INDEX.test(segment) ? Number(segment) : Number.NaN;
    if (!Number.isInteger(index) || index <= 0 || index > HIGHEST_INDEX)
      throw malformedInput(`Invalid list index in parameter name: ${parameter.slice(0, 64)}`);
    const wire = `${prefix}${segment}`;
    const known = elements[index - 1];
    if (known !== undefined && known !== wire) throw malformedInput(`List index given twice in parameter name: ${parameter.slice(0, 64)}`);
    elements[index - 1] = wire;
    lowest = Math.min(lowest, index);
  }
  if (elements.length === 0) return form.has(name) ? [] : undefined;
  if (lowest > HIGHEST_FIRST_INDEX) throw malformedInput(`List does not start near its beginning: ${prefix}${lowest}`);
  return Array.from(elements);
}

/** Whether anything is given under `name`: the value itself, or a member of it. */
export function isGiven(form: Form, name: string): boolean {
  if (form.has(name)) return true;
  const prefix = `${name}.`;
  for (const parameter of form.keys()) if (parameter.startsWith(prefix)) return true;
  return false;
}
