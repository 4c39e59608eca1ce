import type { KubeObject } from '../../src/kube/core/object.ts';
import type { Action } from '../../src/profile/action.ts';
import { READ_STALENESS_MS } from '../../src/profile/internal/trust-knowledge.ts';
import { factsOf, probeName, probeSubject } from './document-facts.ts';
import type { Violation, Wrong } from './findings.ts';
import { desiredOn, NAMES, OWN_ROLE, ROLE_A, ROLE_B, subjectOfProfile, wishOf } from './scenario.ts';
import type { FaultMix } from './world/faults.ts';
import { sidsOf } from './world/foreign-writer.ts';
import type { Scheduler } from './world/scheduler.ts';
import type { SimIam } from './world/sim-iam.ts';
import type { SimKube } from './world/sim-kube.ts';

/** Subjects that our statements of a document admit, read the simple way. */
export function admittedBy(document: string): ReadonlySet<string> {
  return factsOf(document).admitted;
}

const KNOWN_ROLES: Readonly<Record<string, string>> = { 'kf-user-demo': ROLE_A, data: ROLE_B };
const ROLE_NAMES = Object.entries(KNOWN_ROLES);
/** How old the evidence for a grant may be: a direct look counts for two seconds, a pause that the lease survives for some more. */
const EVIDENCE_MS = 15_000;
const REASON_MS = 120_000;

interface Open {
  readonly kind: Wrong['kind'];
  readonly since: number;
}

/** Watches one run; every check is a function of the true state or of the history. */
export class Invariants {
  readonly violations: Violation[] = [];
  /** Foreign statements that were acknowledged and later overwritten, with the time between. */
  readonly lost: { readonly sid: string; readonly afterMs: number }[] = [];
  readonly #scheduler: Scheduler;
  readonly #kube: SimKube;
  readonly #iam: SimIam;
  readonly #faults: () => FaultMix;
  readonly #quota: number;
  readonly #copies: () => ReadonlyMap<string, number>;
  readonly #desiredSince = new Map<string, number>();
  readonly #desiredUntil = new Map<string, number>();
  readonly #grantedAt = new Map<string, number>();
  readonly #admittedBefore = new Set<string>();
  readonly #lastWriter = new Map<string, 'early' | 'landed' | 'foreign'>();
  readonly #open = new Map<string, Open>();
  readonly #wrongs: Wrong[] = [];
  #seenKube = -1;
  #seenIam = -1;
  readonly #flights = new Map<string, { process: string; until: number }[]>();
  readonly #foreignAt = new Map<string, number>();
  readonly #puts = new Map<string, Action & { readonly type: 'put-trust-policy' }>();
  readonly #told = new Set<string>();
  #foreignObjects: ReadonlyMap<string, KubeObject> | undefined;
  readonly #pendingLate = new Set<{ readonly role: string; readonly document: string }>();
  /** Until when foreign overwrites or forced finalizers excuse what the controller could not prevent. */
  #excusedUntil = 0;
  /** Whether what is said once reaches people: Events are not repeated by a process that did not live to say them, or never knew that its status arrived. */
  readonly #toldOnce: boolean;
  #stale = 0;
  #paused = 0;

  constructor(world: {
    readonly scheduler: Scheduler;
    readonly kube: SimKube;
    readonly iam: SimIam;
    readonly quota: number;
    readonly faults: () => FaultMix;
    /** Roles on which somebody else's copy of our Sid stands, and since when. */
    readonly copies?: () => ReadonlyMap<string, number>;
  }) {
    this.#scheduler = world.scheduler;
    this.#kube = world.kube;
    this.#iam = world.iam;
    this.#faults = world.faults;
    this.#quota = world.quota;
    this.#copies = world.copies ?? (() => new Map());
    const { crash, restart, pause, kubeOutage, kubeLostAnswer } = world.faults();
    this.#toldOnce = crash + restart + pause + kubeOutage + kubeLostAnswer === 0;
  }

  break(invariant: string, message: string): void {
    if (this.violations.length < 20) this.violations.push({ invariant, at: this.#scheduler.now, message });
  }

  excuse(ms: number): void {
    this.#excusedUntil = Math.max(this.#excusedUntil, this.#scheduler.now + ms);
  }

  /** A foreign writer changed a document: its statements count from now, those that it brought back as well. */
  foreignWrote(role: string, before: string, after: string): void {
    this.#lastWriter.set(role, 'foreign');
    const known = new Set(factsOf(before).foreign.map(({ text }) => text));
    for (const { sid, text } of factsOf(after).foreign) if (!known.has(text)) this.#foreignAt.set(`${role} ${sid}`, this.#scheduler.now);
  }

  paused(ms: number): void {
    this.#paused = Math.max(this.#paused, this.#scheduler.now + ms + 60_000);
  }

  late(write: { readonly role: string; readonly document: string }): () => void {
    this.#pendingLate.add(write);
    return () => this.#pendingLate.delete(write);
  }

  /** Something was said to people: an Event about a profile, or a reason that was counted. */
  told(how: 'event' | 'counter', what: string): void {
    this.#told.add(`${how} ${what}`);
  }

  /**
   * After every event. Who is admitted, who should be, and whose objects are whose can only change with a write to Kubernetes or IAM, so it
   * is looked at then; time alone makes a wrong longer, which is why the open ones are measured each time.
   */
  tick(): void {
    this.#stale = Math.max(this.#stale, this.#faults().iamStaleMs);
    if (this.#seenKube !== this.#kube.writes || this.#seenIam !== this.#iam.writes) {
      if (this.#seenKube !== this.#kube.writes) this.#checkForeignObjects();
      this.#seenKube = this.#kube.writes;
      this.#seenIam = this.#iam.writes;
      for (const [name, arn] of ROLE_NAMES) this.#compare(name, arn);
    }
    const now = this.#scheduler.now;
    for (const [key, { kind, since }] of this.#open) {
      if (kind === 'outlived' && now - since > 0 && now > this.#excusedUntil) this.break('interval', `${key}: trusted without a profile`);
    }
  }

  /** Every wrong of the run, those that have not ended among them. */
  ended(): readonly Wrong[] {
    for (const key of [...this.#open.keys()]) this.#mark(key, undefined);
    return this.#wrongs;
  }

  /** S20: what stands in a namespace of somebody else stays as it is. */
  #checkForeignObjects(): void {
    if (this.#kube.foreign.size === 0) return;
    const mine = (key: string, object: KubeObject): boolean =>
      this.#kube.foreign.has(object.metadata.namespace ?? '') ||
      (key.startsWith('namespaces/') && this.#kube.foreign.has(object.metadata.name ?? ''));
    const now = new Map([...this.#kube.objects].flatMap(([key, { object }]) => (mine(key, object) ? [[key, object] as const] : [])));
    this.#foreignObjects ??= now;
    const same = now.size === this.#foreignObjects.size && [...now].every(([key, object]) => this.#foreignObjects?.get(key) === object);
    if (!same) this.break('S20', 'an object in a namespace of somebody else is made, changed or deleted');
  }

  #compare(role: string, arn: string): void {
    const now = this.#scheduler.now;
    const document = this.#iam.document(role);
    const admitted = document === undefined ? new Set<string>() : factsOf(document).admitted;
    const desired = desiredOn(arn, this.#kube);
    for (const profile of NAMES) {
      const subject = subjectOfProfile(profile);
      const key = `${role} ${subject}`;
      if (!desired.has(subject)) {
        if (this.#desiredSince.delete(key)) this.#desiredUntil.set(key, now);
      } else if (!this.#desiredSince.has(key)) this.#desiredSince.set(key, now);
      const is = admitted.has(subject);
      this.#mark(`outlived ${key}`, is && !this.#kube.profiles.has(profile) ? 'outlived' : undefined);
      const wrong = is && !desired.has(subject);
      this.#mark(
        `lingered ${key}`,
        wrong ? (this.#admittedBefore.has(key) ? 'lingered' : (this.#lastWriter.get(role) ?? 'early')) : undefined,
      );
      if (is) this.#admittedBefore.add(key);
      else this.#admittedBefore.delete(key);
    }
  }

  #mark(key: string, wrong: Wrong['kind'] | undefined): void {
    const open = this.#open.get(key);
    if (wrong !== undefined) {
      if (open === undefined) this.#open.set(key, { kind: wrong, since: this.#scheduler.now });
    } else if (open !== undefined) {
      this.#open.delete(key);
      const ms = this.#scheduler.now - open.since;
      if (ms > 0) this.#wrongs.push({ kind: open.kind, ms, excused: open.since <= this.#excusedUntil });
    }
  }

  /** Just before a write leaves a process. */
  sent(write: {
    readonly process: string;
    readonly role: string;
    readonly document: string;
    readonly leaseMs: number;
    readonly deadlineMs: number;
    readonly bases: readonly string[];
  }): void {
    const now = this.#scheduler.now;
    if (write.leaseMs <= write.deadlineMs) this.break('S11', `a write of ${write.process} starts with ${write.leaseMs} ms of lease left`);
    const flights = (this.#flights.get(write.role) ?? []).filter((one) => one.until > now);
    if (flights.length > 0) this.break('S11', `${flights.length + 1} writes of ${write.role} in flight`);
    this.#flights.set(write.role, [...flights, { process: write.process, until: now + write.deadlineMs }]);
    if (!Object.hasOwn(KNOWN_ROLES, write.role)) this.break('S9', `role ${write.role} is written`);
    if (factsOf(write.document).size > this.#quota) this.break('S10', 'a write above the quota');
    // A write of ours that was lost may land between our look and this one, and a document put back looks like an old read of it: so does what
    // a late write puts back, for as long as reads may be old.
    const last = this.#iam.roles.get(write.role)?.versions.at(-1);
    const settled = last === undefined || now - last.at > (last.late ? READ_STALENESS_MS : 1_000);
    if (this.#stale === 0 && settled && now > this.#excusedUntil && write.document === this.#iam.document(write.role))
      this.break('S10', `a write of ${write.role} changes nothing`);
    const copied = this.#copies().get(write.role);
    // Put back whole meanwhile, the document has no copy any more.
    const stands = sidsOf(this.#iam.document(write.role) ?? '') > 1;
    if (copied !== undefined && stands && now - copied > this.#window())
      this.break('S4', `${write.role} is written while our Sid stands on it twice`);
    this.#judgePlan(write);
  }

  /** How old a process's knowledge of a document may be when its write leaves. */
  #window(): number {
    return 1_000 + this.#stale + (this.#paused > this.#scheduler.now ? 60_000 : 0);
  }

  /** S2, S3, S4, S5: against what the write was planned from, which is one of the documents that the process knew last. */
  #judgePlan({ process, role, document, bases }: { process: string; role: string; document: string; bases: readonly string[] }): void {
    const put = this.#puts.get(process);
    const after = factsOf(document);
    const known = bases.map(factsOf);
    for (const at of after.lets) {
      const subject = probeSubject(at);
      const named = subject !== undefined && (put?.adds.includes(subject) ?? false);
      if (!named && !known.some((base) => base.lets.has(at)))
        this.break((put?.adds.length ?? 0) === 0 ? 'S2' : 'S3', `a write of ${role} lets in ${probeName(at)}, whom it does not name`);
    }
    const same = (base: (typeof known)[number]): boolean =>
      base.foreign.length === after.foreign.length && base.foreign.every(({ text }, index) => after.foreign[index]?.text === text);
    if (!known.some(same)) this.break('S4', `a write of ${role} changes statements that are not ours`);
  }

  settled(role: string): void {
    const flights = this.#flights.get(role) ?? [];
    this.#flights.set(role, flights.slice(1));
  }

  /** S6: what a process adds must have been wanted a moment ago, under a finalizer. */
  acted(process: string, action: Action): void {
    if (action.type !== 'put-trust-policy') return;
    this.#puts.set(process, action);
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
    this.#lastWriter.set(role, change.late ? 'landed' : 'early');
    const [before, after] = [factsOf(change.before), factsOf(change.after)];
    if (after.open === undefined) this.break('S1', `an unreadable document is written on ${role}`);
    else if (after.open > 0 && before.open === 0) this.break('S1', `${role} is opened to the whole cluster`);
    const kept = new Set(after.foreign.map(({ text }) => text));
    for (const { sid, text } of before.foreign) {
      if (kept.has(text)) continue;
      const afterMs = this.#scheduler.now - (this.#foreignAt.get(`${role} ${sid}`) ?? 0);
      this.lost.push({ sid, afterMs });
      if (afterMs > this.#window() + (change.late ? 320_000 : 0))
        this.break('S4', `statement ${sid} of ${role} is lost, ${Math.round(afterMs)} ms after it was written`);
    }
    const had = new Set(before.foreign.map(({ text }) => text));
    for (const { sid, text } of after.foreign) {
      if (had.has(text)) continue;
      // A statement that was lost may come back with a stale read or a late write; one that nobody ever wrote may not come at all.
      if (!this.#foreignAt.has(`${role} ${sid}`)) this.break('S4', `a foreign statement of ${role} is changed or made up`);
      this.#foreignAt.set(`${role} ${sid}`, this.#scheduler.now);
    }
  }

  /** S7: a finalizer leaves only when the subject is truly gone, and no write that may still land holds it. */
  released(name: string): void {
    const subject = subjectOfProfile(name);
    if (this.#scheduler.now <= this.#excusedUntil) return;
    for (const [role] of ROLE_NAMES) {
      const document = this.#iam.document(role);
      if (document !== undefined && factsOf(document).admitted.has(subject))
        this.break('S7', `the finalizer of ${name} leaves while ${role} trusts it`);
    }
    for (const late of this.#pendingLate) {
      if (factsOf(late.document).admitted.has(subject))
        this.break('S7', `the finalizer of ${name} leaves while a late write may grant ${late.role}`);
    }
  }

  /** L3, in the middle of a run without faults: who has been waiting for a deletion for two minutes is told why. */
  checkDeletions(): void {
    const now = Date.UTC(2026, 0, 1) + this.#scheduler.now;
    for (const [name, profile] of this.#kube.profiles) {
      const { deletionTimestamp } = profile.metadata;
      if (deletionTimestamp === undefined || now - Date.parse(deletionTimestamp) < REASON_MS) continue;
      const condition = profile.status?.conditions?.find((one) => one.type === 'AwsIamReady');
      if (condition?.status !== 'False' || !condition.reason)
        this.break('L3', `${name} is being deleted for two minutes and nobody says why`);
    }
  }

  /** L1, L3, L8: faults have ended; the documents are the pure render of what is wanted. Answers what is not so. */
  unrest(foreign: ReadonlyMap<string, ReadonlySet<string>>): readonly { readonly invariant: string; readonly message: string }[] {
    const wrong: { readonly invariant: string; readonly message: string }[] = [];
    for (const [name, arn] of ROLE_NAMES) {
      const document = this.#iam.document(name);
      if (document === undefined) continue;
      const admitted = [...factsOf(document).admitted].filter((subject) => !(foreign.get(name) ?? new Set()).has(subject)).sort();
      const desired = [...desiredOn(arn, this.#kube)].sort();
      if (admitted.join() !== desired.join()) {
        const message = `${name} trusts ${admitted.join(', ') || 'nobody'}, wanted ${desired.join(', ') || 'nobody'}`;
        wrong.push({ invariant: 'L1', message });
      }
    }
    for (const [name, profile] of this.#kube.profiles) {
      const conditions = profile.status?.conditions ?? [];
      if (profile.metadata.deletionTimestamp !== undefined) wrong.push({ invariant: 'L3', message: `${name} is still being deleted` });
      else if (!conditions.some((one) => one.type === 'Ready')) wrong.push({ invariant: 'L8', message: `${name} has no status` });
      else if (wishOf(profile).kind === 'trust' && wishOf(profile).role === OWN_ROLE && !this.#kube.foreign.has(name)) {
        const reason = conditions.find((one) => one.type === 'AwsIamReady')?.reason;
        const said = !this.#toldOnce || (this.#told.has(`event ${name} RoleIsOwn`) && this.#told.has('counter RoleIsOwn'));
        if (reason !== 'RoleIsOwn' || !said)
          wrong.push({ invariant: 'L8', message: `${name} is not told by condition, event and counter why it is refused` });
      }
    }
    return wrong;
  }
}
