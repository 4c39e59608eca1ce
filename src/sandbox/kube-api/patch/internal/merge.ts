import type { Shape } from '../list-keys.ts';
import { type Atom, atomOf, isHollow, itemsOf, membersOf } from './atoms.ts';

/**
 * `live` with `applied` laid over it: leaves of `applied` win, members and keyed items that it does not mention stay.
 * A keyed list keeps the live order; what is new comes in the applied order, and items of both follow the applied order.
 */
export function merge(live: unknown, applied: unknown, shape: Shape): unknown {
  if (applied === undefined) return live;
  const atom = atomOf(shape, applied, live);
  if (atom.kind === 'leaf' || (isHollowAs(atom, live) && isHollow(applied))) return applied;
  const merged = atom.kind === 'members' ? mergeMembers(atom, live, applied) : mergeItems(atom, live, applied);
  return isHollow(merged) ? undefined : merged;
}

/** A value of another kind than the container that it becomes holds nothing that could be kept. */
function isHollowAs(atom: Atom, value: unknown): boolean {
  return isHollow(atom.kind === 'members' ? membersOf(value) : itemsOf(value));
}

function mergeMembers(atom: Extract<Atom, { kind: 'members' }>, live: unknown, applied: unknown): unknown {
  const before = membersOf(live);
  const patch = membersOf(applied);
  const merged: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(patch)])) {
    const value = merge(before[name], patch[name], atom.member(name));
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

function mergeItems(atom: Extract<Atom, { kind: 'items' }>, live: unknown, applied: unknown): unknown {
  const own = itemsOf(live).map((item) => ({ item, element: atom.element(item) }));
  const other = itemsOf(applied).map((item) => ({ item, element: atom.element(item) }));
  const liveByElement = new Map<string | undefined, unknown>();
  for (const { item, element } of own) liveByElement.set(element, liveByElement.has(element) ? undefined : item);
  const appliedElements = new Set(other.map(({ element }) => element));
  const shared = other.map(({ element }) => element).filter((element) => liveByElement.has(element));
  const merged: unknown[] = [];
  const taken = new Set<string | undefined>();
  let nextShared = shared.shift();
  const take = (element: string | undefined, item: unknown): void => {
    taken.add(element);
    merged.push(merge(liveByElement.get(element), item, atom.items));
  };
  let left = 0;
  let right = 0;
  while (left < own.length || right < other.length) {
    const mine = own[left];
    const theirs = other[right];
    if (mine !== undefined && theirs !== undefined) {
      if (mine.element === theirs.element) {
        take(theirs.element, theirs.item);
        left += 1;
        right += 1;
        nextShared = shared.shift();
        continue;
      }
      if (appliedElements.has(mine.element) && nextShared !== undefined && nextShared !== mine.element) {
        left += 1;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!appliedElements.has(mine.element)) {
        merged.push(mine.item);
        left += 1;
        continue;
      }
      if (taken.has(mine.element)) left += 1;
    }
    if (theirs !== undefined) {
      take(theirs.element, theirs.item);
      right += 1;
      if (nextShared === theirs.element) nextShared = shared.shift();
    }
  }
  return merged;
}
