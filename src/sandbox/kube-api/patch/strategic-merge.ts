import { isJsonObject } from '../../../base/json.ts';
import type { ListKeys, PatchRule, PatchRules } from './list-keys.ts';
import { sameJson } from './same-json.ts';

export type StrategicMergeOutcome =
  | { readonly ok: true; readonly object: unknown }
  /** 400: a directive has the wrong form. 422: an unknown directive. 500: an item without its merge key, as the real server answers. */
  | { readonly ok: false; readonly status: 400 | 422 | 500; readonly message: string };

const MARKER = '$patch';
const RETAIN_KEYS = '$retainKeys';
const ORDER_PREFIX = '$setElementOrder/';
const DELETE_PREFIX = '$deleteFromPrimitiveList/';

/** Ends a merge from anywhere inside it; caught at the one door below. */
class BadPatch extends Error {
  override readonly name = 'BadPatch';
  readonly status: 400 | 422 | 500;

  constructor(status: 400 | 422 | 500, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Applies a strategic merge patch of Kubernetes: lists merge by the merge key of their kind, with the directives `$patch`
 * (`replace`, `delete`), `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…`. Neither argument is changed.
 * After `apimachinery/pkg/util/strategicpatch`.
 */
export function applyStrategicMerge(object: unknown, patch: unknown, listKeys: ListKeys): StrategicMergeOutcome {
  // Go reads null as an empty map.
  if (patch === null) return { ok: true, object };
  if (Array.isArray(patch))
    return { ok: false, status: 400, message: 'json: cannot unmarshal array into Go value of type map[string]interface {}' };
  if (!isJsonObject(object) || !isJsonObject(patch)) return { ok: false, status: 400, message: 'invalid JSON document' };
  try {
    return { ok: true, object: mergeObject(object, patch, listKeys.patchRules) };
  } catch (thrown) {
    if (thrown instanceof BadPatch) return { ok: false, status: thrown.status, message: thrown.message };
    throw thrown;
  }
}

type Members = Readonly<Record<string, unknown>>;

function mergeObject(original: Members, patch: Members, rules: PatchRules): Members {
  if (MARKER in patch) return marked(patch);
  const merged: Record<string, unknown> = retained(original, patch);
  const { rest, ordered } = splitOrdered(patch);
  for (const { name, order, items } of ordered) mergeOrdered(merged, { name, order, items, rules });
  for (const [member, value] of Object.entries(rest)) {
    if (member === RETAIN_KEYS) continue;
    if (member.startsWith(DELETE_PREFIX)) {
      removeScalars(merged, member, value);
      continue;
    }
    if (value === null) delete merged[member];
    else mergeMember(merged, { name: member, value, rules });
  }
  return merged;
}

function marked(patch: Members): Members {
  const directive = patch[MARKER];
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw new BadPatch(422, `unknown patch type: ${JSON.stringify(directive)}`);
  const { [MARKER]: _, ...replacement } = patch;
  return replacement;
}

/** The members that survive: all, or those that `$retainKeys` lists. */
function retained(original: Members, patch: Members): Record<string, unknown> {
  const kept = patch[RETAIN_KEYS];
  if (kept === undefined) return { ...original };
  const listed = Array.isArray(kept) ? kept : [];
  const stray = Object.entries(patch).some(([name, value]) => value !== null && !name.startsWith('$') && !listed.includes(name));
  if (!Array.isArray(kept) || stray) throw new BadPatch(400, 'invalid patch format of retainKeys');
  return Object.fromEntries(Object.entries(original).filter(([name]) => listed.includes(name)));
}

interface OrderedList {
  readonly name: string;
  readonly order: readonly unknown[];
  readonly items: readonly unknown[] | undefined;
}

/** The lists that come with an order, apart from everything else. */
function splitOrdered(patch: Members): { readonly rest: Members; readonly ordered: readonly OrderedList[] } {
  const rest: Record<string, unknown> = { ...patch };
  const ordered: OrderedList[] = [];
  for (const [member, order] of Object.entries(patch)) {
    if (!member.startsWith(ORDER_PREFIX)) continue;
    const name = member.slice(ORDER_PREFIX.length);
    const items = patch[name];
    delete rest[member];
    if (!Array.isArray(order)) throw new BadPatch(400, 'invalid patch format of setElementOrder list');
    // A null takes the list away; there is then nothing to put in order.
    if (items === null) continue;
    if (items !== undefined && !Array.isArray(items)) throw new BadPatch(500, `expected a list at ${name}`);
    delete rest[name];
    ordered.push({ name, order, items });
  }
  return { rest, ordered };
}

function mergeOrdered(merged: Record<string, unknown>, { name, order, items, rules }: OrderedList & { readonly rules: PatchRules }): void {
  const original = merged[name];
  const rule = rules.rule(name) ?? {};
  if (original === undefined && items === undefined) return;
  if (items !== undefined) requireOrdered(items, order, rule);
  const before = Array.isArray(original) ? original : [];
  if (before.length === 0 && (items ?? []).length === 0) throw new BadPatch(500, 'no elements in any of the given slices');
  const all =
    items === undefined
      ? before
      : original === undefined
        ? items.flatMap(withoutDirectives)
        : mergeList(before, items, rule, rules.member(name));
  merged[name] = inOrder(all, { order, before, mergeKey: rule.mergeKey });
}

/** An order must name every item of the patch, in the patch's sequence. */
function requireOrdered(items: readonly unknown[], order: readonly unknown[], { mergeKey }: PatchRule): void {
  let position = 0;
  for (const item of items) {
    if (isJsonObject(item) && MARKER in item) continue;
    while (position < order.length && !sameIdentity(order[position], item, mergeKey)) position += 1;
    if (position === order.length)
      throw new BadPatch(
        400,
        `The order in patch list:\n${JSON.stringify(items)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`,
      );
    position += 1;
  }
}

function mergeMember(
  merged: Record<string, unknown>,
  { name, value, rules }: { readonly name: string; readonly value: unknown; readonly rules: PatchRules },
): void {
  const original = merged[name];
  const rule = rules.rule(name) ?? {};
  if (isJsonObject(original) && isJsonObject(value) && rule.replace !== true) {
    merged[name] = mergeObject(original, value, rules.member(name));
  } else if (Array.isArray(original) && Array.isArray(value) && rule.merge === true) {
    merged[name] = mergeList(original, value, rule, rules.member(name));
  } else {
    const [kept] = withoutDirectives(value);
    if (kept === undefined) delete merged[name];
    else merged[name] = kept;
  }
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], rule: PatchRule, rules: PatchRules): readonly unknown[] {
  if (rule.merge !== true) return patch;
  const { mergeKey } = rule;
  const objects = [...original, ...patch].some(isJsonObject);
  if (!objects) return inOrder([...new Set([...original, ...patch])], { order: patch, before: original, mergeKey: undefined });
  if (mergeKey === undefined) throw new BadPatch(500, 'cannot merge lists without merge key');
  const items = patch.map((item) => (isJsonObject(item) ? item : {}));
  const plain = items.filter((item) => !(MARKER in item));
  if (items.some((item) => item[MARKER] === 'replace')) return plain;
  const merged = withoutDeleted(original, items, mergeKey);
  const before = [...merged];
  for (const item of plain) {
    const key = requireKey(item, mergeKey);
    const index = merged.findIndex((candidate) => isJsonObject(candidate) && sameJson(candidate[mergeKey], key));
    const own = merged[index];
    if (index < 0) merged.push(withoutDirectives(item)[0]);
    else merged[index] = mergeObject(isJsonObject(own) ? own : {}, item, rules);
  }
  return inOrder(merged, { order: plain, before, mergeKey });
}

function withoutDeleted(original: readonly unknown[], items: readonly Members[], mergeKey: string): unknown[] {
  let kept = [...original];
  for (const item of items) {
    const directive = item[MARKER];
    if (directive === undefined || directive === 'replace') continue;
    if (directive !== 'delete') throw new BadPatch(422, `unknown patch type: ${JSON.stringify(directive)}`);
    const key = requireKey(item, mergeKey);
    kept = kept.filter((candidate) => !(isJsonObject(candidate) && sameJson(candidate[mergeKey], key)));
  }
  return kept;
}

function requireKey(item: Members, mergeKey: string): unknown {
  const key = item[mergeKey];
  if (key === undefined) throw new BadPatch(500, `map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
  return key;
}

function removeScalars(merged: Record<string, unknown>, member: string, gone: unknown): void {
  const name = member.slice(DELETE_PREFIX.length);
  const list = merged[name];
  if (!Array.isArray(gone)) throw new BadPatch(400, 'invalid patch format of primitive list');
  if (Array.isArray(list)) merged[name] = list.filter((item) => !gone.includes(item));
}

/**
 * Items that the order names follow it; items that only the server had keep their sequence, each ahead of the next ordered
 * item that followed it before.
 */
function inOrder(
  items: readonly unknown[],
  {
    order,
    before,
    mergeKey,
  }: { readonly order: readonly unknown[]; readonly before: readonly unknown[]; readonly mergeKey: string | undefined },
): readonly unknown[] {
  const positionIn = (list: readonly unknown[], item: unknown): number =>
    list.findIndex((candidate) => sameIdentity(candidate, item, mergeKey));
  const byPosition = (list: readonly unknown[]) => (left: unknown, right: unknown) => positionIn(list, left) - positionIn(list, right);
  const fromPatch = items.filter((item) => positionIn(order, item) >= 0).sort(byPosition(order));
  const serverOnly = items.filter((item) => positionIn(order, item) < 0).sort(byPosition(before));
  const result: unknown[] = [];
  while (fromPatch.length > 0 || serverOnly.length > 0) {
    const left = positionIn(before, serverOnly[0]);
    const right = positionIn(before, fromPatch[0]);
    const serverFirst = fromPatch.length === 0 || (serverOnly.length > 0 && left >= 0 && right >= 0 && left < right);
    result.push(serverFirst ? serverOnly.shift() : fromPatch.shift());
  }
  return result;
}

function sameIdentity(left: unknown, right: unknown, mergeKey: string | undefined): boolean {
  if (mergeKey === undefined) return sameJson(left, right);
  return isJsonObject(left) && isJsonObject(right) && left[mergeKey] !== undefined && sameJson(left[mergeKey], right[mergeKey]);
}

/** What a patch adds where nothing was: without directives and nulls. Empty when the value itself was only a directive. */
function withoutDirectives(value: unknown): unknown[] {
  if (Array.isArray(value)) return [value.flatMap(withoutDirectives)];
  if (!isJsonObject(value)) return [value];
  if (MARKER in value) return [];
  const entries = Object.entries(value).flatMap(([name, member]) => {
    if (member === null || name === RETAIN_KEYS || name.startsWith(ORDER_PREFIX) || name.startsWith(DELETE_PREFIX)) return [];
    return withoutDirectives(member).map((kept) => [name, kept] as const);
  });
  return [Object.fromEntries(entries)];
}
