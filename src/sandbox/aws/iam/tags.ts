import type { PermissionContext } from '../access/permission.ts';
import { AwsError, invalidInput, limitExceeded } from '../errors.ts';
import { members, type XmlObject } from '../query/xml.ts';
import type { Tag } from '../store/records.ts';

/** How tag keys of a resource compare: those of roles and policies without case, those of providers with it. */
export type TagKeys = 'ignore-case' | 'exact';

interface WireTag {
  readonly Key: string;
  readonly Value: string;
}

const comparable = (key: string, keys: TagKeys): string => (keys === 'exact' ? key : key.toLowerCase());

/** Tags as a request gives them, checked: no key twice, none of AWS's own prefix, none too many. */
export function newTags(given: readonly WireTag[], keys: TagKeys): readonly Tag[] {
  const seen = new Set<string>();
  for (const { Key } of given) {
    if (Key.toLowerCase().startsWith('aws:')) throw invalidInput('Tag keys with the prefix aws: are reserved for AWS use.');
    const key = comparable(Key, keys);
    if (seen.has(key)) throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    seen.add(key);
  }
  return sorted(given.map(({ Key, Value }) => ({ key: Key, value: Value })));
}

function sorted(tags: readonly Tag[]): readonly Tag[] {
  return [...tags].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** `before` with `given` put in: a key that is there is overwritten, in its new spelling. */
export function mergeTags(
  before: readonly Tag[],
  given: readonly WireTag[],
  { keys, quota }: { readonly keys: TagKeys; readonly quota: number },
): readonly Tag[] {
  const fresh = newTags(given, keys);
  const replaced = new Set(fresh.map(({ key }) => comparable(key, keys)));
  const merged = sorted([...before.filter(({ key }) => !replaced.has(comparable(key, keys))), ...fresh]);
  if (merged.length > quota) throw limitExceeded('The number of tags has reached the maximum limit.');
  return merged;
}

/** `before` without the tags of these keys; keys that are not there are passed over. */
export function withoutTags(before: readonly Tag[], removed: readonly string[], keys: TagKeys): readonly Tag[] {
  if (removed.length === 0)
    throw new AwsError(
      'ValidationError',
      400,
      "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
    );
  const gone = new Set(removed.map((key) => comparable(key, keys)));
  return before.filter(({ key }) => !gone.has(comparable(key, keys)));
}

/** Tags as an answer lists them. */
export function tagsView(tags: readonly Tag[]): XmlObject {
  return members(tags.map(({ key, value }) => ({ Key: key, Value: value })));
}

/** Condition keys that a request's tags set. */
export function requestTagContext(given: readonly WireTag[]): PermissionContext {
  if (given.length === 0) return {};
  return {
    ...Object.fromEntries(given.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
    'aws:TagKeys': given.map(({ Key }) => Key),
  };
}

/** Condition keys that a resource's own tags set. */
export function resourceTagContext(tags: readonly Tag[]): PermissionContext {
  return Object.fromEntries(
    tags.flatMap(({ key, value }) => [
      [`aws:ResourceTag/${key}`, value],
      [`iam:ResourceTag/${key}`, value],
    ]),
  );
}
