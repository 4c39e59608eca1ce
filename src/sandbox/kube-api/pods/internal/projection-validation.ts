import { type FieldError, invalidValue, requiredValue } from '../../status/field-error.ts';
import { type Members, membersOf, objectsOf, textOf } from './edit.ts';

const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;

/** What is wrong with the service account tokens of a projected volume: their life must be 10 minutes to 2^32 seconds. */
export function projectionErrors(projected: Members, path: string): FieldError[] {
  return objectsOf(projected.sources).flatMap((source, index) => {
    if (source.serviceAccountToken === undefined) return [];
    const token = membersOf(source.serviceAccountToken);
    return [
      ...secondsErrors(token.expirationSeconds, `${path}.sources[${index}].serviceAccountToken.expirationSeconds`),
      ...pathErrors(textOf(token.path), `${path}.path`),
    ];
  });
}

function secondsErrors(seconds: unknown, path: string): FieldError[] {
  if (typeof seconds !== 'number') return [];
  if (seconds < MIN_SECONDS) return [invalidValue(path, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > MAX_SECONDS ? [invalidValue(path, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
}

/** A path below the volume: relative, and not out of it. */
function pathErrors(text: string, path: string): FieldError[] {
  if (text === '') return [requiredValue(path)];
  if (text.startsWith('/')) return [invalidValue(path, text, 'must be a relative path')];
  return text.split('/').includes('..') ? [invalidValue(path, text, "must not contain '..'")] : [];
}
