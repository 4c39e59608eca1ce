import { type JsonNode, jsonTreeOf, memberOf, withMember } from './json-tree.ts';
import type { OwnStatement } from './own-statement.ts';

/** Statements of ours that admit by the same audiences and so can be written as one, at the place of the first. */
export interface OwnGroup {
  /** In document order; never empty, save in a group that is yet to be written. */
  readonly members: readonly OwnStatement[];
  readonly subjects: readonly string[];
  readonly audiences: readonly string[] | undefined;
}

export interface GroupOptions {
  /** Subjects to leave out. */
  readonly removed: ReadonlySet<string>;
  /** In a write that grants: what a statement without audiences is bound to from now on. */
  readonly bindTo: readonly string[] | undefined;
}

/**
 * Groups our statements. Two are merged only where that changes nobody's verdict: both plain, same audiences. Those without subjects,
 * among them the ones that asked for none and so were open, form one group of their own.
 */
export function groupOwn(own: readonly OwnStatement[], options: GroupOptions): readonly OwnGroup[] {
  const groups = new Map<string, OwnGroup>();
  for (const statement of own) {
    const subjects = (statement.subjects ?? []).filter((subject) => !options.removed.has(subject));
    const audiences = statement.subjects !== undefined && statement.audiences === undefined ? options.bindTo : statement.audiences;
    const key = !statement.isPlain ? `alone ${statement.index}` : subjects.length === 0 ? 'empty' : `for ${audienceSet(audiences)}`;
    const before = groups.get(key) ?? { members: [], subjects: [], audiences };
    groups.set(key, { ...before, members: [...before.members, statement], subjects: unique([...before.subjects, ...subjects]) });
  }
  return [...groups.values()];
}

/** One group out of two, at the place of whichever comes first. */
export function joinGroups(one: OwnGroup, other: OwnGroup): OwnGroup {
  return { ...one, members: [...one.members, ...other.members].sort((a, b) => a.index - b.index) };
}

export function hasSid(group: OwnGroup): boolean {
  return group.members.some((member) => member.hasSid);
}

export function isPlain(group: OwnGroup): boolean {
  return group.members.every((member) => member.isPlain);
}

/** The statement that a group becomes; members that are not about audience, subjects and Sid stay as they were. */
export function groupNode(group: OwnGroup, sid: string | undefined): JsonNode {
  const [first] = group.members;
  if (first === undefined) throw new RangeError('a group to write has at least one statement');
  let equals = memberOf(memberOf(first.node, 'Condition'), 'StringEquals') ?? jsonTreeOf({});
  if (!sameList(group.audiences, first.audiences)) {
    equals = withMember(equals, first.audienceKey, jsonTreeOf(group.audiences?.length === 1 ? group.audiences[0] : group.audiences));
  }
  if (!sameList(group.subjects, first.subjects)) equals = withMember(equals, first.subjectKey, jsonTreeOf(group.subjects));
  const condition = withMember(memberOf(first.node, 'Condition') ?? jsonTreeOf({}), 'StringEquals', equals);
  const node = withMember(first.node, 'Condition', condition);
  return sid === undefined || first.hasSid || node.kind !== 'object'
    ? node
    : { kind: 'object', members: [{ name: 'Sid', value: jsonTreeOf(sid) }, ...node.members] };
}

/** Each value once, in order of first appearance. */
export function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

function audienceSet(audiences: readonly string[] | undefined): string {
  return audiences === undefined ? 'any' : JSON.stringify([...new Set(audiences)].sort());
}

function sameList(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
