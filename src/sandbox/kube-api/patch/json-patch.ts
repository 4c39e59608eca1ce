import { applyPatch, type Operation, Pointer } from 'rfc6902';
import { isJsonObject } from '../../../base/json.ts';

export type JsonPatchOutcome<T> =
  | { readonly ok: true; readonly object: T }
  /** 422: an operation fails on this object. 400: the patch is no list of operations. `detail` says why, `message` what is answered. */
  | { readonly ok: false; readonly status: 400 | 422; readonly message: string; readonly detail: string };

/** What the API server answers to any failed operation of a PATCH; it keeps the reason to itself. */
const REJECTED = 'the server rejected our request due to an error in our request';

/** How many operations one patch may hold (`maxJSONPatchOperations`). */
const MAX_OPERATIONS = 10_000;

/**
 * Applies a JSON patch (RFC 6902) to a copy of `object`: all operations or none. Messages are the API server's for a PATCH; `detail` is in
 * the words with which it reports the same failure of an admission webhook's patch. As its library (evanphx/json-patch v4) it is laxer
 * than the RFC: `replace` of an absent member adds it, a missing `value` is null, an absent member tests equal to null and is copied as null, and
 * an index below zero counts from the end.
 */
export function applyJsonPatch<T>(object: T, patch: unknown): JsonPatchOutcome<T> {
  // Go reads null as an empty list.
  if (patch === null) return { ok: true, object };
  if (!Array.isArray(patch)) return malformed(patch, '[]handlers.jsonPatchOp');
  if (patch.length > MAX_OPERATIONS) {
    return refused(400, `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  }
  const root = structuredClone({ document: object });
  for (const operation of patch) {
    if (!isJsonObject(operation)) return malformed(operation, 'handlers.jsonPatchOp');
    const failure = applyOperation(root, operation);
    if (failure !== undefined) return refused(422, REJECTED, failure);
  }
  return { ok: true, object: root.document };
}

function refused(status: 400 | 422, message: string, detail = message): JsonPatchOutcome<never> {
  return { ok: false, status, message, detail };
}

function malformed(value: unknown, goType: string): JsonPatchOutcome<never> {
  return refused(400, `error decoding patch: json: cannot unmarshal ${goTypeOf(value)} into Go value of type ${goType}`);
}

/** Applies one operation in place; the text of its failure, undefined when there was none. */
function applyOperation(root: { document: unknown }, operation: Readonly<Record<string, unknown>>): string | undefined {
  const { op, value = null } = operation;
  const [path, from] = [fromTheEnd(root, operation.path), fromTheEnd(root, operation.from)];
  if (typeof op !== 'string' || !KINDS.has(op)) return `Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`;
  if (!isPointer(path)) return `${op} operation failed to decode path: missing value`;
  const needsFrom = op === 'move' || op === 'copy';
  if (needsFrom && !isPointer(from)) return `${op} operation failed to decode from: missing value`;
  const absent = isAbsentMember(root, path);
  if (absent && op === 'test' && value === null) return undefined;
  // The document hangs below a root of ours so that an operation on the whole of it needs no case of its own.
  const absentSource = op === 'copy' && isAbsentMember(root, String(from));
  const target = {
    op: absentSource || (absent && op === 'replace') ? 'add' : op,
    value: absentSource ? null : value,
    path: `/document${path}`,
    from: `/document${String(from)}`,
  };
  const failure = failureOf(root, op, { path, from: String(from) });
  // The library would look into texts as if they were lists, and write into numbers.
  if (containerOf(root, path) === undefined || (needsFrom && containerOf(root, String(from)) === undefined)) return failure;
  return applyPatch(root, [target as Operation])[0] === null ? undefined : failure;
}

/** A pointer whose last segment counts from the end of its list, as one that counts from its start. */
function fromTheEnd(root: unknown, path: unknown): unknown {
  if (!isPointer(path)) return path;
  const [, parent = '', index = ''] = /^(.*)\/(-[1-9]\d*)$/.exec(path) ?? [];
  const list: unknown = index === '' ? undefined : Pointer.fromJSON(`/document${parent}`).get(root);
  return Array.isArray(list) && list.length + Number(index) >= 0 ? `${parent}/${list.length + Number(index)}` : path;
}

/** Whether the pointer names a member that its object, which is there, does not have. */
function isAbsentMember(root: unknown, path: string): boolean {
  const { parent, key } = Pointer.fromJSON(`/document${path}`).evaluate(root);
  return isJsonObject(parent) && !Object.hasOwn(parent, key);
}

const KINDS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

/** RFC 6901: empty, or segments that each start with a slash, with `~` only as `~0` and `~1`. Never the door to a prototype. */
function isPointer(value: unknown): value is string {
  return typeof value === 'string' && /^(\/([^~/]|~[01])*)*$/.test(value) && !value.split('/').includes('__proto__');
}

/** What is said should the operation fail on this document. */
function failureOf(root: unknown, op: string, { path, from }: { readonly path: string; readonly from: string }): string {
  const container = containerOf(root, path);
  const key = Pointer.fromJSON(path).tokens.at(-1) ?? '';
  const missing = 'missing value';
  switch (op) {
    case 'add':
      return container === undefined
        ? `add operation does not apply: doc is missing path: "${path}": ${missing}`
        : badIndex('add', path, key);
    case 'remove':
      if (container === undefined) return `remove operation does not apply: doc is missing path: "${path}": ${missing}`;
      if (Array.isArray(container)) return badIndex('remove', path, key);
      return `error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: ${missing}`;
    case 'replace':
      return `replace operation does not apply: doc is missing ${container === undefined ? 'path' : 'key'}: ${path}: ${missing}`;
    case 'test':
      return container === undefined
        ? `test operation does not apply: is missing path: ${path}: ${missing}`
        : `testing value ${path} failed: test failed`;
    default:
      if (containerOf(root, from) === undefined) return `${op} operation does not apply: doc is missing from path: ${from}: ${missing}`;
      return `${op} operation does not apply: doc is missing destination path: ${path}: ${missing}`;
  }
}

function badIndex(op: string, path: string, key: string): string {
  const reason = /^-?\d+$/.test(key)
    ? `Unable to access invalid index: ${key}: invalid index referenced`
    : `value was not a proper array index: '${key}': strconv.Atoi: parsing "${key}": invalid syntax`;
  return `error in ${op} for path: '${path}': ${reason}`;
}

function containerOf(root: unknown, path: string): object | undefined {
  const { parent } = Pointer.fromJSON(`/document${path}`).evaluate(root);
  return typeof parent === 'object' && parent !== null ? parent : undefined;
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return value === null ? 'null' : typeof value;
}
