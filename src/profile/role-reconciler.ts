import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { policySize } from '../iam/policy-size.ts';
import { statementSid } from '../identity/statement-id.ts';
import type { Outcome } from '../kube/runtime/controller.ts';
import type { Claims } from './claims.ts';
import { CALL_DEADLINES, type Effects } from './internal/effects.ts';
import type { FreshProfiles } from './internal/fresh-profiles.ts';
import { iamFailure } from './internal/iam-failure.ts';
import type { TrustWrite } from './internal/overwritten-edit.ts';
import { loadRecord, storeRecord } from './internal/record-keeper.ts';
import { RoleReporter } from './internal/role-reporter.ts';
import { recordOf, SubjectCounter } from './internal/subject-counter.ts';
import { type ResolvedOptions, resyncMs } from './options.ts';
import { holdsNone, planTrust, type TrustPlan, type TrustSettings, trustsSubject } from './plan-trust.ts';
import type { LeaseView, Metrics, RoleTrust } from './ports.ts';
import type { Profile } from './profile.ts';
import type { ReasonCode } from './reasons.data.ts';
import type { RoleBook, RoleMemory } from './role-book.ts';
import type { RolePolicy } from './role-policy.ts';
import { type RoleRecord, sameRecord } from './role-record.ts';
import type { Verdicts } from './subject-verdicts.ts';
import { type ThreeSets, threeSets } from './three-sets.ts';

const READ_BACK_MS = 1_000;
const MAX_FIGHTS = 3;
const FIGHT_MEMORY_MS = 600_000;
const LEASE_MARGIN_MS = 1_000;

/** What the role side needs of the controller. */
export interface RoleReconcilerDeps {
  readonly book: RoleBook;
  readonly profiles: FreshProfiles;
  readonly effects: Effects;
  readonly lease: LeaseView;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly sha256Hex: (text: string) => string;
  readonly processId: string;
  readonly options: ResolvedOptions;
  readonly policy: () => RolePolicy;
  readonly claimsOf: (profile: Profile) => Claims;
  /** A write ended with an unknown outcome. */
  readonly onUncertain: () => void;
  /** Something about this profile changed on the role's side. */
  readonly enqueueProfile: (name: string) => void;
  readonly report: (profile: Profile, finding: { readonly reason: ReasonCode; readonly message: string }) => void;
}

/** Everything read for one round, and what follows from it. */
interface Round {
  readonly memory: RoleMemory;
  readonly startedAt: number;
  readonly trust: RoleTrust | undefined;
  /** Profiles that were read directly in this round. */
  readonly direct: Map<string, Profile | undefined>;
  readonly verdicts: Verdicts;
  readonly sets: ThreeSets;
}

/**
 * Keeps one role's trust policy equal to what the profiles ask for: the only writer of that role in this cluster. A round reads record,
 * profiles and role, computes the three sets, writes the record, reads the role once more, and writes the policy. Nothing is remembered
 * that cannot be read again, so a crash between any two steps is healed by the next round.
 */
export class RoleReconciler {
  readonly #deps: RoleReconcilerDeps;
  readonly #reporter: RoleReporter;
  readonly #counter: SubjectCounter;

  constructor(deps: RoleReconcilerDeps) {
    this.#deps = deps;
    this.#counter = new SubjectCounter(deps);
    this.#reporter = new RoleReporter(deps);
  }

  /** One round for one role. Whatever fails is told to the profiles concerned before it is tried again. */
  async reconcile(key: string): Promise<Outcome> {
    const memory = this.#deps.book.find(key);
    if (memory === undefined) return { kind: 'done' };
    try {
      return await this.#round(memory);
    } catch (error) {
      if (!this.#deps.effects.stopped) this.#reporter.failed(memory, { reason: 'RecordUnusable', message: messageOf(error) });
      return { kind: 'retry', error };
    }
  }

  async #round(memory: RoleMemory): Promise<Outcome> {
    const { clock, effects } = this.#deps;
    const wait = memory.lastWriteAt + this.#deps.options.batchMs - clock.monotonic();
    if (wait > 0 && !this.#reporter.awaitsProof(memory)) return { kind: 'after', ms: wait };
    const loaded = await loadRecord(memory, effects, (message) => this.#reporter.warn(memory, { reason: 'RecordUnusable', message }));
    if (!loaded.ok) {
      this.#reporter.failed(memory, loaded);
      return { kind: 'after', ms: this.#resyncMs() };
    }
    this.#fearFormerWriter(memory);
    const startedAt = clock.monotonic();
    const read = await effects.getRole(memory.role.name);
    if (read.kind === 'failed') return this.#iamFailed(memory, read);
    const trust = read.kind === 'found' ? read.role : undefined;
    return this.#decide(await this.#count({ memory, startedAt, trust, direct: new Map() }));
  }

  async #count(facts: Omit<Round, 'verdicts' | 'sets'>): Promise<Round> {
    const verdicts = await this.#counter.count(facts.memory, facts.trust, facts.direct);
    return { ...facts, verdicts, sets: threeSets(recordOf(facts.memory, facts.trust), verdicts, this.#deps.clock.now()) };
  }

  /** Without election a record that another process wrote a moment ago is all that tells of a former writer. */
  #fearFormerWriter(memory: RoleMemory): void {
    const { lease, clock, options, processId } = this.#deps;
    const record = memory.stored?.record;
    if (lease.elected || record === undefined || record.writer === processId) return;
    const age = clock.now().getTime() - Date.parse(record.writtenAt);
    // A time that nobody can read may be now.
    const left = options.lateWriteWindowMs - (age > 0 ? age : 0);
    if (left > 0) memory.trust.fear(clock.monotonic() + left);
  }

  async #decide(round: Round): Promise<Outcome> {
    const { memory, trust, sets } = round;
    if (trust === undefined) return this.#absent(round);
    const { clock, options } = this.#deps;
    const base = memory.trust.resolve(trust.document, clock.monotonic());
    this.#reporter.watched(memory, (subject) => trustsSubject(base, subject, { ...this.#settings(memory), role: trust.arn }));
    const plan = planTrust(base, sets, { ...this.#settings(memory), quota: this.#room(memory, base) });
    if (plan.kind === 'unusable') {
      this.#reporter.unusable(memory, round.verdicts, plan.message);
      return { kind: 'after', ms: this.#resyncMs() };
    }
    const unseen = this.#counter.unseen(plan.adds, round);
    if (unseen.length > 0) {
      // What is in the record may have changed in a cache that lags: nothing is granted, not even again, without a look.
      await this.#counter.look(unseen, round.direct);
      return this.#decide(await this.#count(round));
    }
    this.#notice(memory, base, plan);
    if (!plan.changed) return this.#settle(round, { base, plan });
    const now = clock.monotonic();
    const grants = plan.adds.some((subject) => memory.subjects.get(subject)?.kind !== 'granted');
    const slow = memory.fights.count > MAX_FIGHTS && !grants;
    const wait = memory.lastWriteAt + (slow ? this.#resyncMs() : options.batchMs) - now;
    if (wait > 0) return { kind: 'after', ms: wait };
    return this.#write(round, { base, plan });
  }

  async #write(round: Round, edit: { readonly base: string; readonly plan: TrustPlan & { kind: 'plan' } }): Promise<Outcome> {
    const { memory, trust } = round;
    const { effects, clock, lease, metrics } = this.#deps;
    if (!(await storeRecord(memory, this.#nextRecord(round, edit.plan), effects))) return { kind: 'after', ms: 0 };
    const again = await effects.getRole(memory.role.name);
    if (again.kind === 'failed') return this.#iamFailed(memory, again);
    const current = again.kind === 'found' ? memory.trust.resolve(again.role.document, clock.monotonic()) : undefined;
    if (current !== edit.base || (again.kind === 'found' && again.role.arn !== trust?.arn)) return { kind: 'after', ms: 0 };
    if (lease.remainingMs() <= CALL_DEADLINES.iamWriteMs + LEASE_MARGIN_MS) {
      this.#reporter.failed(memory, { reason: 'LeaseTooShort', message: 'the lease ends before a write would be over' });
      return { kind: 'after', ms: READ_BACK_MS };
    }
    const at = clock.monotonic();
    const { plan } = edit;
    this.#reporter.attempting(memory, plan.adds);
    const action = {
      type: 'put-trust-policy',
      role: trust?.arn ?? memory.role.name,
      document: plan.document,
      adds: plan.adds,
      removes: plan.removed,
      size: plan.size,
      quota: this.#room(memory, edit.base),
    } as const;
    this.#watchBeside(memory, { base: edit.base, document: plan.document });
    const outcome = await effects.updateTrustPolicy(action, memory.role.name);
    memory.lastWriteAt = clock.monotonic();
    metrics.count('podrole_trust_policy_writes_total', { result: outcome.kind });
    if (outcome.kind === 'unknown') {
      memory.trust.lost(clock.monotonic(), this.#deps.options.lateWriteWindowMs);
      this.#deps.onUncertain();
      this.#reporter.failed(memory, { reason: 'IamUnavailable', message: outcome.message });
      return { kind: 'retry', error: new Error(outcome.message) };
    }
    if (outcome.kind === 'refused') {
      if (outcome.code === 'LimitExceeded') {
        // Less is tried next: who leaves must not wait for those who find no room.
        memory.tooLong = plan.size;
        this.#reporter.full(memory, round.verdicts, outcome.message);
      } else this.#reporter.failed(memory, { reason: 'IamRefused', message: `${outcome.code}: ${outcome.message}` });
      return { kind: 'retry', error: new Error(outcome.message) };
    }
    memory.trust.wrote({ base: edit.base, document: plan.document, at }, clock.monotonic());
    memory.trust.accepted();
    for (const subject of plan.removed) memory.gone.delete(subject);
    this.#reporter.decided(memory, round.verdicts, plan);
    return { kind: 'after', ms: this.#reporter.awaitsProof(memory) ? 0 : this.#deps.options.batchMs };
  }

  /**
   * IAM takes the last write, whatever it was made from. A read on its way at the same time as ours is the only trace that an edit between
   * our last look and our write leaves. Nothing waits for it.
   */
  #watchBeside(memory: RoleMemory, write: TrustWrite): void {
    this.#deps.effects.getRole(memory.role.name).then(
      (seen) => seen.kind === 'found' && memory.trust.witnessed(seen.role.document, write, this.#deps.clock.monotonic()),
      () => undefined,
    );
  }

  /** The document is as it shall be: records what is new, and proves what is gone. */
  async #settle(round: Round, edit: { readonly base: string; readonly plan: TrustPlan & { kind: 'plan' } }): Promise<Outcome> {
    const { memory, trust, startedAt } = round;
    const next = this.#nextRecord(round, edit.plan);
    if (!(await this.#storeIfNews(memory, next))) return { kind: 'after', ms: 0 };
    if (this.#deps.clock.monotonic() - memory.fights.at > FIGHT_MEMORY_MS) memory.fights = { count: 0, at: 0 };
    this.#reporter.decided(memory, round.verdicts, edit.plan);
    const leaving = round.sets.revoked.filter((subject) => !memory.gone.has(subject));
    if (leaving.length === 0) return this.#rest(memory);
    const raw = trust?.document === edit.base;
    const ack = memory.trust.acknowledged;
    const ackLacks = ack !== undefined && (ack === edit.base || holdsNone(ack, round.sets.revoked, this.#settings(memory)));
    return this.#prove(round, { from: memory.trust.provesFrom(ackLacks), readAt: raw ? startedAt : Number.NEGATIVE_INFINITY });
  }

  /** IAM has no such role: nothing can be granted, and what was granted went with it. */
  async #absent(round: Round): Promise<Outcome> {
    const { memory, startedAt, sets } = round;
    if (memory.stored?.record !== undefined && !(await this.#storeIfNews(memory, this.#nextRecord(round, undefined))))
      return { kind: 'after', ms: 0 };
    this.#reporter.absent(memory, round.verdicts);
    const waiting = sets.revoked.some((subject) => !memory.gone.has(subject)) || this.#reporter.awaitsProof(memory);
    if (!waiting) return this.#rest(memory);
    return this.#prove(round, { from: memory.trust.provesFrom(false), readAt: startedAt });
  }

  #prove(round: Round, proof: { readonly from: number; readonly readAt: number }): Outcome {
    const { memory, sets, verdicts } = round;
    const { clock } = this.#deps;
    const now = clock.monotonic();
    if (proof.readAt >= proof.from) {
      const at = clock.now().toISOString();
      this.#reporter.proved(memory, { subjects: sets.revoked, at, verdicts });
      return this.#rest(memory);
    }
    this.#reporter.waiting(memory, { subjects: sets.revoked, now, from: proof.from, lateUntil: memory.trust.openUntil });
    // Never longer than the resync: a foreign change must be healed meanwhile.
    return { kind: 'after', ms: Math.min(Math.max(proof.from - now, READ_BACK_MS), this.#resyncMs()) };
  }

  #rest(memory: RoleMemory): Outcome {
    memory.lastRoundAt = this.#deps.clock.monotonic();
    const record = memory.stored?.record;
    const idle =
      (record === undefined || (record.granted.length === 0 && record.tombstones.length === 0)) && !this.#reporter.isNamed(memory);
    if (idle) {
      this.#deps.book.forget(memory.key);
      return { kind: 'done' };
    }
    return { kind: 'after', ms: this.#resyncMs() };
  }

  /** A record that differs only in the time of a proof waits for the next look: an idle cluster causes few writes. */
  async #storeIfNews(memory: RoleMemory, next: RoleRecord): Promise<boolean> {
    const before = memory.stored?.record;
    if (before !== undefined && sameRecord(before, next)) return true;
    const withoutProofs = (record: RoleRecord): RoleRecord => ({
      ...record,
      tombstones: record.tombstones.map(({ goneAt: _goneAt, ...stone }) => stone),
    });
    const resync = this.#deps.clock.monotonic() - memory.lastRoundAt >= this.#resyncMs();
    if (before !== undefined && !resync && sameRecord(withoutProofs(before), withoutProofs(next))) return true;
    return storeRecord(memory, next, this.#deps.effects);
  }

  #nextRecord(round: Round, plan: (TrustPlan & { kind: 'plan' }) | undefined): RoleRecord {
    const { memory, trust, sets } = round;
    const back = new Set(plan?.removed ?? []);
    const tombstones = sets.tombstones.map(({ goneAt: before, ...stone }) => {
      const goneAt = before ?? memory.gone.get(stone.subject);
      if (goneAt === undefined) return stone;
      return back.has(stone.subject) ? { ...stone, returned: stone.returned + 1 } : { ...stone, goneAt };
    });
    const before = memory.stored?.record;
    return {
      role: trust?.arn ?? before?.role ?? `arn:${memory.role.partition}:iam::${memory.role.account}:role/${memory.role.name}`,
      provider: memory.providerArn,
      granted: sets.granted,
      tombstones,
      writer: this.#deps.processId,
      writtenAt: this.#deps.clock.now().toISOString(),
      unknown: before?.unknown ?? {},
    };
  }

  /** Reports foreign changes, subjects that came back, and edits that were lost; slows down when somebody fights. */
  #notice(memory: RoleMemory, base: string, plan: TrustPlan & { kind: 'plan' }): void {
    const seen = memory.trust.observe(base);
    const beside = memory.trust.overwritten(base);
    if (seen === 'lost' || beside.length > 0) {
      const what = beside.length === 0 ? '' : `: ${beside.join(', ')}; make it again`;
      this.#reporter.warn(memory, {
        reason: 'ForeignEditLost',
        message: `an edit of somebody else fell between our read and our write and was overwritten${what}`,
      });
    }
    const returned = plan.removed.filter((subject) => memory.gone.has(subject) || this.#wasGone(memory, subject));
    if (returned.length > 0)
      this.#reporter.warn(memory, { reason: 'SubjectReturned', message: `${returned.join(', ')} came back and is removed again` });
    const missing = plan.adds.some((subject) => memory.subjects.get(subject)?.kind === 'granted');
    if (seen === 'foreign' && missing)
      this.#reporter.warn(memory, { reason: 'ForeignOverwrite', message: 'somebody else changed the trust policy; it is healed' });
    if (returned.length > 0 || (seen === 'foreign' && missing))
      memory.fights = { count: memory.fights.count + 1, at: this.#deps.clock.monotonic() };
  }

  #wasGone(memory: RoleMemory, subject: string): boolean {
    return (memory.stored?.record?.tombstones ?? []).some((stone) => stone.subject === subject && stone.goneAt !== undefined);
  }

  #iamFailed(memory: RoleMemory, failure: { readonly code: string; readonly message: string }): Outcome {
    this.#reporter.failed(memory, iamFailure(failure, memory.role.name));
    return { kind: 'retry', error: new Error(`${failure.code}: ${failure.message}`) };
  }

  #settings(memory: RoleMemory): TrustSettings {
    const { options, sha256Hex } = this.#deps;
    return {
      providerArn: memory.providerArn,
      sid: statementSid(memory.providerArn, sha256Hex),
      audience: options.audience,
      registeredAudiences: options.registeredAudiences,
      quota: options.trustPolicyQuota,
    };
  }

  /** Characters for the next document. Where IAM refused one, whatever quota was told: half of the way to that. */
  #room({ tooLong }: RoleMemory, base: string): number | 'off' {
    const told = this.#deps.options.trustPolicyQuota;
    if (tooLong === undefined) return told;
    return Math.min(Math.floor((policySize(base) + tooLong) / 2), told === 'off' ? tooLong : told);
  }

  #resyncMs(): number {
    return resyncMs(this.#deps.options, this.#deps.book.keys().length);
  }
}
