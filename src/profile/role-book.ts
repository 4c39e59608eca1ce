import { parseRoleArn } from '../iam/arn.ts';
import type { KubeObject } from '../kube/core/object.ts';
import { roleKeyOf } from './claims.ts';
import { TrustKnowledge } from './internal/trust-knowledge.ts';
import type { ReasonCode } from './reasons.data.ts';
import type { RoleRecord } from './role-record.ts';

/** Where one subject stands on one role, as far as this process knows. */
export type SubjectState =
  /** Nothing decided yet: the role is in the queue. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'granted' }
  /** Decided against; `definite` when no retry alone can change it. */
  | { readonly kind: 'refused'; readonly reason: ReasonCode; readonly message: string; readonly definite: boolean }
  /** Shall go, and is not proved gone. */
  | { readonly kind: 'leaving'; readonly reason: ReasonCode; readonly message: string }
  | { readonly kind: 'gone' }
  /** annotateOnly: podrole only looks whether the role lets it in. */
  | { readonly kind: 'watched'; readonly trusted: boolean };

/** A condition of a whole role that is reported beside the profiles' own. */
export interface RoleFinding {
  readonly reason: ReasonCode;
  readonly message: string;
}

/** Which role: its account and name, and the partition that its ARN was written with. */
export interface RoleName {
  readonly partition: string;
  readonly account: string;
  readonly name: string;
}

/** What the process remembers of one role between two rounds. All of it can be lost: record and IAM hold the truth. */
export interface RoleMemory {
  readonly key: string;
  readonly role: RoleName;
  readonly providerArn: string;
  readonly recordName: string;
  readonly trust: TrustKnowledge;
  /** The record as last read or written; `undefined` until it was read. */
  stored: { readonly object: KubeObject | undefined; readonly record: RoleRecord | undefined } | undefined;
  /** Somebody else wrote the record: it is read again before the next round, and what is known of it counts until then. */
  storedStale: boolean;
  readonly subjects: Map<string, SubjectState>;
  /** Subjects proved gone, with the wall time of the proof. */
  readonly gone: Map<string, string>;
  findings: readonly RoleFinding[];
  /** How often a foreign change had to be healed, and when last: after three times healing waits for the resync. */
  fights: { readonly count: number; readonly at: number };
  /** Characters of the shortest document that IAM refused as too long, whatever quota was told. */
  tooLong: number | undefined;
  /** Monotonic time of the last write. */
  lastWriteAt: number;
  /** Monotonic time of the last full round. */
  lastRoundAt: number;
}

/** Makes a role's memory when it is first met. */
export type MemoryMaker = (key: string, role: RoleName) => RoleMemory;

/** A fresh memory: nothing is known but from when on unseen writes are over. */
export function newRoleMemory(
  key: string,
  role: RoleName,
  names: { readonly providerArn: string; readonly recordName: string; readonly openUntil: number; readonly recordAbsent: boolean },
): RoleMemory {
  return {
    key,
    role,
    providerArn: names.providerArn,
    recordName: names.recordName,
    trust: new TrustKnowledge(names.openUntil),
    stored: names.recordAbsent ? { object: undefined, record: undefined } : undefined,
    storedStale: false,
    subjects: new Map(),
    gone: new Map(),
    findings: [],
    fights: { count: 0, at: 0 },
    tooLong: undefined,
    lastWriteAt: Number.NEGATIVE_INFINITY,
    lastRoundAt: Number.NEGATIVE_INFINITY,
  };
}

/**
 * Where the two reconcilers meet: the role side writes what became of each subject, the profile side which namespaces are proved to be
 * their profile's and which service accounts carry which role. Everything in it is rebuilt after a restart.
 */
export class RoleBook {
  readonly #make: MemoryMaker;
  readonly #roles = new Map<string, RoleMemory>();
  readonly #clearance = new Map<string, { readonly uid: string; readonly verdict: 'cleared' | 'barred' }>();
  readonly #annotated = new Map<string, string>();
  readonly #holds = new Map<string, number>();

  constructor(make: MemoryMaker) {
    this.#make = make;
  }

  keys(): readonly string[] {
    return [...this.#roles.keys()];
  }

  find(key: string): RoleMemory | undefined {
    return this.#roles.get(key);
  }

  /** The role's memory, made when it is new. */
  at(key: string, role: RoleName): RoleMemory {
    const known = this.#roles.get(key);
    if (known !== undefined) return known;
    const memory = this.#make(key, role);
    this.#roles.set(key, memory);
    return memory;
  }

  forget(key: string): void {
    this.#roles.delete(key);
  }

  stateOf(key: string, subject: string): SubjectState {
    return this.#roles.get(key)?.subjects.get(subject) ?? { kind: 'pending' };
  }

  /** Whether the role of this ARN trusts the subject; `undefined` where nothing of ours is known of the two. */
  trusts(roleArn: string, subject: string): boolean | undefined {
    const parsed = parseRoleArn(roleArn);
    const state = parsed.ok ? this.#roles.get(roleKeyOf(parsed.arn))?.subjects.get(subject) : undefined;
    if (state === undefined || state.kind === 'refused' || state.kind === 'pending') return undefined;
    return state.kind === 'watched' ? state.trusted : state.kind === 'granted';
  }

  /** Roles on which the record holds something of this profile that is not proved gone. */
  rolesOf(profile: string): readonly { readonly key: string; readonly subject: string }[] {
    const found: { key: string; subject: string }[] = [];
    for (const memory of this.#roles.values()) {
      const record = memory.stored?.record;
      for (const grant of record?.granted ?? []) if (grant.profile === profile) found.push({ key: memory.key, subject: grant.subject });
      for (const stone of record?.tombstones ?? []) {
        const open = stone.goneAt === undefined && !memory.gone.has(stone.subject);
        if (stone.profile === profile && open) found.push({ key: memory.key, subject: stone.subject });
      }
    }
    return found;
  }

  /** Whether the namespace was proved to be this profile object's; grants wait for it. */
  clearanceOf(profile: string, uid: string): 'cleared' | 'barred' | 'unknown' {
    const known = this.#clearance.get(profile);
    return known !== undefined && known.uid === uid ? known.verdict : 'unknown';
  }

  /** Returns whether that is news. */
  setClearance(profile: string, uid: string, verdict: 'cleared' | 'barred'): boolean {
    const news = this.clearanceOf(profile, uid) !== verdict;
    this.#clearance.set(profile, { uid, verdict });
    return news;
  }

  dropProfile(profile: string): void {
    this.#clearance.delete(profile);
  }

  /** The role that a service account was seen to carry; returns whether that is news. */
  setAnnotated(subject: string, role: string | undefined): boolean {
    const news = this.#annotated.get(subject) !== role;
    if (role === undefined) this.#annotated.delete(subject);
    else this.#annotated.set(subject, role);
    return news;
  }

  annotatedRole(subject: string): string | undefined {
    return this.#annotated.get(subject);
  }

  /**
   * Whether a subject may still stay on the role it is about to leave: at most `limitMs` from when that was first asked, so that a new role
   * which never accepts it does not keep the old one open for ever.
   */
  holds(key: string, subject: string, times: { readonly now: number; readonly limitMs: number }): boolean {
    const id = `${key} ${subject}`;
    const since = this.#holds.get(id) ?? times.now;
    this.#holds.set(id, since);
    return times.now - since < times.limitMs;
  }

  release(key: string, subject: string): void {
    this.#holds.delete(`${key} ${subject}`);
  }
}
