import { openStatements } from '../../src/iam/open-statements.ts';
import { policySize } from '../../src/iam/policy-size.ts';
import type { Action } from '../../src/profile/action.ts';
import { desiredOn, HOST_PATH, NAMES, OWN_ROLE, PROVIDER, ROLE_A, ROLE_B, subjectOfProfile } from './scenario.ts';
import type { FaultMix } from './world/faults.ts';
import type { Scheduler } from './world/scheduler.ts';
import type { SimIam } from './world/sim-iam.ts';
import type { SimKube } from './world/sim-kube.ts';

export interface Violation {
  readonly invariant: string;
  readonly at: number;
  readonly message: string;
}

/** Longest times in virtual milliseconds that a subject was admitted when it should not have been. */
export interface Intervals {
  /** While no profile object of its name existed. */
  outlived: number;
  /** While its profile was being deleted, or named another role. */
  lingered: number;
}

type Statement = Readonly<Record<string, unknown>>;

function statementsOf(document: string): readonly Statement[] {
  const statement = (JSON.parse(document) as { Statement: Statement | readonly Statement[] }).Statement;
  return Array.isArray(statement) ? statement : [statement as Statement];
}

/** Whether a statement is podrole's or the legacy shape: judged here apart from the product. */
function isOurs(statement: Statement): boolean {
  const sid = String(statement.Sid ?? '');
  const principal = statement.Principal as { Federated?: unknown } | undefined;
  return /^Podrole([0-9a-f]{12}|Closed)$/.test(sid) || (statement.Sid === undefined && principal?.Federated === PROVIDER);
}

/** Subjects that our statements of a document admit, read the simple way. */
export function admittedBy(document: string): ReadonlySet<string> {
  const statements = statementsOf(document);
  if (statements.some((one) => one.Effect === 'Deny' && one.Sid === 'PodroleClosed')) return new Set();
  const subjects = statements.filter(isOurs).flatMap((one) => {
    const equals = (one.Condition as { StringEquals?: Record<string, string | readonly string[]> } | undefined)?.StringEquals ?? {};
    return equals[`${HOST_PATH}:sub`] ?? [];
  });
  return new Set(subjects);
}

const KNOWN_ROLES: Readonly<Record<string, string>> = { 'kf-user-demo': ROLE_A, data: ROLE_B };
/** How old the evidence for a grant may be: a direct look counts for two seconds, a pause that the lease survives for some more. */
const EVIDENCE_MS = 15_000;

/** Watches one run; every check is a function of the true state or of the history. */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly intervals: Intervals = { outlived: 0, lingered: 0 };
  /** Foreign statements that were acknowledged and later overwritten, with the time between. */
  readonly lost: { readonly sid: string; readonly afterMs: number }[] = [];
  readonly #scheduler: Scheduler;
  readonly #kube: SimKube;
  readonly #iam: SimIam;
  readonly #faults: () => FaultMix;
  readonly #quota: number;
  readonly #desiredSince = new Map<string, number>();
  readonly #desiredUntil = new Map<string, number>();
  readonly #grantedAt = new Map<string, number>();
  readonly #wrong = new Map<string, number>();
  readonly #cache = new Map<string, ReadonlySet<string>>();
  #seen = '';
  readonly #flights = new Map<string, { process: string; until: number }[]>();
  readonly #foreignAt = new Map<string, number>();
  readonly #pendingLate = new Set<{ readonly role: string; readonly document: string }>();
  /** Until when foreign overwrites or forced finalizers excuse what the controller could not prevent. */
  #excusedUntil = 0;
  #stale = 0;
  #paused = 0;

  constructor(world: {
    readonly scheduler: Scheduler;
    readonly kube: SimKube;
    readonly iam: SimIam;
    readonly quota: number;
    readonly faults: () => FaultMix;
  }) {
    this.#scheduler = world.scheduler;
    this.#kube = world.kube;
    this.#iam = world.iam;
    this.#faults = world.faults;
    this.#quota = world.quota;
  }

  break(invariant: string, message: string): void {
    if (this.violations.length < 20) this.violations.push({ invariant, at: this.#scheduler.now, message });
  }

  excuse(ms: number): void {
    this.#excusedUntil = Math.max(this.#excusedUntil, this.#scheduler.now + ms);
  }

  /** A foreign writer changed a document: its statements count from now, those that it brought back as well. */
  foreignWrote(before: string, after: string): void {
    const known = new Set(statementsOf(before).map((one) => JSON.stringify(one)));
    for (const one of statementsOf(after))
      if (!isOurs(one) && !known.has(JSON.stringify(one))) this.#foreignAt.set(String(one.Sid), this.#scheduler.now);
  }

  paused(ms: number): void {
    this.#paused = Math.max(this.#paused, this.#scheduler.now + ms + 60_000);
  }

  late(write: { readonly role: string; readonly document: string }): () => void {
    this.#pendingLate.add(write);
    return () => this.#pendingLate.delete(write);
  }

  /** After every event: who is admitted now, and who should be. Only a write can change that; time alone makes a wrong longer. */
  tick(): void {
    this.#stale = Math.max(this.#stale, this.#faults().iamStaleMs);
    const version = `${this.#kube.writes} ${this.#iam.writes}`;
    if (version !== this.#seen) {
      this.#seen = version;
      for (const [name, arn] of Object.entries(KNOWN_ROLES)) this.#compare(name, arn);
    }
    for (const [key, since] of this.#wrong) this.#measure(key, since);
  }

  #compare(role: string, arn: string): void {
    const now = this.#scheduler.now;
    const document = this.#iam.document(role);
    const admitted = document === undefined ? new Set<string>() : this.#admitted(document);
    const desired = desiredOn(arn, this.#kube);
    for (const profile of NAMES) {
      const subject = subjectOfProfile(profile);
      const key = `${role} ${subject}`;
      if (!desired.has(subject)) {
        if (this.#desiredSince.delete(key)) this.#desiredUntil.set(key, now);
      } else if (!this.#desiredSince.has(key)) this.#desiredSince.set(key, now);
      this.#mark(`outlived ${key}`, admitted.has(subject) && !this.#kube.profiles.has(profile));
      this.#mark(`lingered ${key}`, admitted.has(subject) && !desired.has(subject));
    }
  }

  #admitted(document: string): ReadonlySet<string> {
    const known = this.#cache.get(document);
    if (known !== undefined) return known;
    const made = admittedBy(document);
    this.#cache.set(document, made);
    return made;
  }

  #mark(key: string, wrong: boolean): void {
    if (!wrong) this.#wrong.delete(key);
    else if (!this.#wrong.has(key)) this.#wrong.set(key, this.#scheduler.now);
  }

  #measure(key: string, since: number): void {
    const now = this.#scheduler.now;
    const kind = key.startsWith('outlived') ? 'outlived' : 'lingered';
    this.intervals[kind] = Math.max(this.intervals[kind], now - since);
    if (kind === 'outlived' && now - since > 0 && now > this.#excusedUntil) this.break('interval', `${key}: trusted without a profile`);
  }

  /** Just before a write leaves a process. */
  sent(write: {
    readonly process: string;
    readonly role: string;
    readonly document: string;
    readonly leaseMs: number;
    readonly deadlineMs: number;
  }): void {
    const now = this.#scheduler.now;
    if (write.leaseMs <= write.deadlineMs) this.break('S11', `a write of ${write.process} starts with ${write.leaseMs} ms of lease left`);
    const flights = (this.#flights.get(write.role) ?? []).filter((one) => one.until > now);
    if (flights.length > 0) this.break('S11', `${flights.length + 1} writes of ${write.role} in flight`);
    this.#flights.set(write.role, [...flights, { process: write.process, until: now + write.deadlineMs }]);
    if (!Object.hasOwn(KNOWN_ROLES, write.role)) this.break('S9', `role ${write.role} is written`);
    if (policySize(write.document) > this.#quota) this.break('S10', 'a write above the quota');
    // A write of ours that was lost may land between our look and this one, and a document put back looks like an old read of it.
    const settled = now - (this.#iam.roles.get(write.role)?.versions.at(-1)?.at ?? 0) > 1_000;
    if (this.#stale === 0 && settled && now > this.#excusedUntil && write.document === this.#iam.document(write.role))
      this.break('S10', `a write of ${write.role} changes nothing`);
  }

  settled(role: string): void {
    const flights = this.#flights.get(role) ?? [];
    this.#flights.set(role, flights.slice(1));
  }

  /** S6: what a process adds must have been wanted a moment ago, under a finalizer. */
  acted(action: Action): void {
    if (action.type !== 'put-trust-policy') return;
    const role = action.role.slice(action.role.lastIndexOf('/') + 1);
    for (const subject of action.adds) {
      this.#grantedAt.set(`${role} ${subject}`, this.#scheduler.now);
      const key = `${role} ${subject}`;
      const until = this.#desiredUntil.get(key) ?? Number.NEGATIVE_INFINITY;
      if (!this.#desiredSince.has(key) && this.#scheduler.now - until > EVIDENCE_MS)
        this.break('S6', `${subject} is granted on ${role}, which nobody asks for`);
      const profile = this.#kube.profiles.get(subject.split(':')[2] ?? '');
      if (profile !== undefined && !(profile.metadata.finalizers ?? []).includes('podrole.dev/aws-iam'))
        this.break('S6', `${subject} is granted without a finalizer`);
    }
    for (const subject of action.removes) {
      const since = this.#desiredSince.get(`${role} ${subject}`);
      const granted = this.#grantedAt.get(`${role} ${subject}`) ?? Number.NEGATIVE_INFINITY;
      // What came back from before this profile was made, and podrole did not grant it since, may be taken again.
      if (since !== undefined && granted >= since && this.#scheduler.now - since > EVIDENCE_MS)
        this.break('S8', `${subject} is taken from ${role}, which its profile has named all the time`);
    }
    if (action.role === OWN_ROLE) this.break('S9', 'the controller’s own role is written');
  }

  /** Every change of a document that a process of ours made. */
  written(role: string, change: { readonly before: string; readonly after: string; readonly late: boolean }): void {
    const open = openStatements(change.after, PROVIDER, ['sts.amazonaws.com']);
    const openBefore = openStatements(change.before, PROVIDER, ['sts.amazonaws.com']);
    if (!open.ok) this.break('S1', `an unreadable document is written on ${role}`);
    else if (open.open.length > 0 && openBefore.ok && openBefore.open.length === 0)
      this.break('S1', `${role} is opened to the whole cluster`);
    const after = new Set(statementsOf(change.after).map((one) => JSON.stringify(one)));
    for (const statement of statementsOf(change.before)) {
      if (isOurs(statement) || after.has(JSON.stringify(statement))) continue;
      const sid = String(statement.Sid);
      const afterMs = this.#scheduler.now - (this.#foreignAt.get(sid) ?? 0);
      this.lost.push({ sid, afterMs });
      const window = 1_000 + this.#stale + (this.#paused > this.#scheduler.now ? 60_000 : 0) + (change.late ? 320_000 : 0);
      if (afterMs > window) this.break('S4', `statement ${sid} of ${role} is lost, ${Math.round(afterMs)} ms after it was written`);
    }
    const before = new Set(statementsOf(change.before).map((one) => JSON.stringify(one)));
    const strange = statementsOf(change.after).filter((one) => !isOurs(one) && !before.has(JSON.stringify(one)));
    for (const one of strange) {
      // A statement that was lost may come back with a stale read or a late write; one that nobody ever wrote may not come at all.
      if (!this.#foreignAt.has(String(one.Sid))) this.break('S4', `a foreign statement of ${role} is changed or made up`);
      this.#foreignAt.set(String(one.Sid), this.#scheduler.now);
    }
  }

  /** S7: a finalizer leaves only when the subject is truly gone, and no write that may still land holds it. */
  released(name: string): void {
    const subject = subjectOfProfile(name);
    if (this.#scheduler.now <= this.#excusedUntil) return;
    for (const role of Object.keys(KNOWN_ROLES)) {
      const document = this.#iam.document(role);
      if (document !== undefined && this.#admitted(document).has(subject))
        this.break('S7', `the finalizer of ${name} leaves while ${role} trusts it`);
    }
    for (const late of this.#pendingLate) {
      if (this.#admitted(late.document).has(subject))
        this.break('S7', `the finalizer of ${name} leaves while a late write may grant ${late.role}`);
    }
  }

  /** L1, L3, L8: faults have ended; the documents are the pure render of what is wanted. Answers what is not so. */
  unrest(foreign: ReadonlyMap<string, ReadonlySet<string>>): readonly { readonly invariant: string; readonly message: string }[] {
    const wrong: { readonly invariant: string; readonly message: string }[] = [];
    for (const [name, arn] of Object.entries(KNOWN_ROLES)) {
      const document = this.#iam.document(name);
      if (document === undefined) continue;
      const admitted = [...this.#admitted(document)].filter((subject) => !(foreign.get(name) ?? new Set()).has(subject)).sort();
      const desired = [...desiredOn(arn, this.#kube)].sort();
      if (JSON.stringify(admitted) !== JSON.stringify(desired)) {
        const message = `${name} trusts ${admitted.join(', ') || 'nobody'}, wanted ${desired.join(', ') || 'nobody'}`;
        wrong.push({ invariant: 'L1', message });
      }
    }
    for (const [name, profile] of this.#kube.profiles) {
      if (profile.metadata.deletionTimestamp !== undefined) wrong.push({ invariant: 'L3', message: `${name} is still being deleted` });
      else if (!(profile.status?.conditions ?? []).some((one) => one.type === 'Ready'))
        wrong.push({ invariant: 'L8', message: `${name} has no status` });
    }
    return wrong;
  }
}
