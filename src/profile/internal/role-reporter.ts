import type { Claim } from '../claims.ts';
import { roleKeyOf } from '../claims.ts';
import type { TrustPlan } from '../plan-trust.ts';
import { byAge, isDeleting, nameOf, type Profile } from '../profile.ts';
import type { ReasonCode } from '../reasons.data.ts';
import type { RoleMemory, SubjectState } from '../role-book.ts';
import type { RoleReconcilerDeps } from '../role-reconciler.ts';
import type { Verdicts } from '../subject-verdicts.ts';

interface Finding {
  readonly reason: ReasonCode;
  readonly message: string;
}

/** Turns what a round found into the states that the profile side reads, and tells the profiles whose state is news. */
export class RoleReporter {
  readonly #deps: RoleReconcilerDeps;

  constructor(deps: RoleReconcilerDeps) {
    this.#deps = deps;
  }

  /** Whether a subject is on its way out and not proved gone. */
  awaitsProof(memory: RoleMemory): boolean {
    return [...memory.subjects.values()].some((state) => state.kind === 'leaving');
  }

  /** Whether any profile names the role. */
  isNamed(memory: RoleMemory): boolean {
    return this.#claimants(memory).length > 0 || this.#claimants(memory, 'annotate').length > 0;
  }

  /** annotateOnly: says of every service account that only carries the role whether the role lets it in. */
  watched(memory: RoleMemory, trusts: (subject: string) => boolean): void {
    const news = new Set<string>();
    const ours = new Set(this.#recorded(memory).flatMap(({ subject }) => (memory.gone.has(subject) ? [] : [subject])));
    const watched = new Set<string>();
    for (const { claim, profile } of this.#claimants(memory, 'annotate')) {
      if (isDeleting(profile) || ours.has(claim.subject)) continue;
      watched.add(claim.subject);
      this.#set(
        memory,
        { subject: claim.subject, profile: nameOf(profile), state: { kind: 'watched', trusted: trusts(claim.subject) } },
        news,
      );
    }
    this.#unwatch(memory, watched);
    this.#tell(news);
  }

  /** Nobody looks on for a subject that is granted, revoked or deleted now: what the record says of it counts again. */
  #unwatch(memory: RoleMemory, watched: ReadonlySet<string>): void {
    const proved = new Set(
      (memory.stored?.record?.tombstones ?? []).flatMap(({ subject, goneAt }) => (goneAt === undefined ? [] : [subject])),
    );
    for (const [subject, { kind }] of memory.subjects) {
      if (kind !== 'watched' || watched.has(subject)) continue;
      if (proved.has(subject) || memory.gone.has(subject)) memory.subjects.set(subject, { kind: 'gone' });
      else memory.subjects.delete(subject);
    }
  }

  /** A grant is about to be tried: from now on nobody may take these subjects for gone. */
  attempting(memory: RoleMemory, subjects: readonly string[]): void {
    for (const subject of subjects) {
      memory.gone.delete(subject);
      if (memory.subjects.get(subject)?.kind === 'gone') memory.subjects.set(subject, { kind: 'pending' });
    }
  }

  /** The round failed as a whole. What was granted stays granted; what waits is told why. */
  failed(memory: RoleMemory, failure: Finding): void {
    this.#count(failure.reason);
    this.#deps.log.warn('role not reconciled', { role: memory.role.name, reason: failure.reason, error: failure.message });
    const news = new Set<string>();
    for (const { claim, profile } of this.#claimants(memory)) {
      const before = memory.subjects.get(claim.subject)?.kind;
      if (isDeleting(profile)) {
        if (before !== 'gone') this.#set(memory, { subject: claim.subject, profile: nameOf(profile), state: leavingWith(failure) }, news);
      } else if (before !== 'granted' && before !== 'leaving') {
        this.#set(
          memory,
          { subject: claim.subject, profile: nameOf(profile), state: { kind: 'refused', ...failure, definite: false } },
          news,
        );
      }
    }
    for (const { subject, profile } of this.#recorded(memory)) {
      if (memory.subjects.get(subject)?.kind === 'leaving') this.#set(memory, { subject, profile, state: leavingWith(failure) }, news);
    }
    this.#tell(news);
  }

  /** The trust policy cannot be edited: nobody is granted anything new, nobody can be revoked. */
  unusable(memory: RoleMemory, verdicts: Verdicts, message: string): void {
    this.#count('TrustPolicyUnusable');
    const news = new Set<string>();
    const reason = 'TrustPolicyUnusable';
    for (const { subject, profile } of verdicts.desired)
      this.#set(memory, { subject, profile, state: { kind: 'refused', reason, message, definite: true } }, news);
    for (const { subject, profile } of verdicts.revoke)
      this.#set(memory, { subject, profile, state: { kind: 'leaving', reason, message } }, news);
    this.#refusals(memory, verdicts, news);
    this.#tell(news);
  }

  /** IAM refused the document as too long, whatever was computed. */
  full(memory: RoleMemory, verdicts: Verdicts, message: string): void {
    this.#count('TrustPolicyFull');
    const news = new Set<string>();
    for (const { subject, profile } of verdicts.desired) {
      if (memory.subjects.get(subject)?.kind === 'granted') continue;
      this.#set(memory, { subject, profile, state: { kind: 'refused', reason: 'TrustPolicyFull', message, definite: true } }, news);
    }
    this.#tell(news);
  }

  /** The document is, or was just made, what the plan says. */
  decided(memory: RoleMemory, verdicts: Verdicts, plan: TrustPlan & { readonly kind: 'plan' }): void {
    const news = new Set<string>();
    for (const { subject, profile } of verdicts.desired) {
      memory.gone.delete(subject);
      const refusal = plan.refused.get(subject);
      if (refusal !== undefined && memory.subjects.get(subject)?.kind !== 'refused') this.#count(refusal.reason);
      const state: SubjectState = refusal !== undefined ? { kind: 'refused', ...refusal, definite: true } : { kind: 'granted' };
      this.#set(memory, { subject, profile, state }, news);
    }
    for (const { subject, profile } of verdicts.undecided) this.#set(memory, { subject, profile, state: { kind: 'granted' } }, news);
    for (const { subject, profile } of verdicts.revoke) {
      const message = `${subject} is being removed from the trust policy`;
      // Why it waits is said by whoever knows; saying it is under way once more would only flap.
      if (memory.subjects.get(subject)?.kind === 'leaving' && !memory.gone.has(subject)) continue;
      this.#set(
        memory,
        { subject, profile, state: memory.gone.has(subject) ? { kind: 'gone' } : { kind: 'leaving', reason: 'Revoking', message } },
        news,
      );
    }
    const wanted = new Set([...verdicts.desired, ...verdicts.undecided].map((grant) => grant.subject));
    for (const { subject, profile, goneAt } of memory.stored?.record?.tombstones ?? []) {
      if (wanted.has(subject) || memory.subjects.get(subject)?.kind === 'watched') continue;
      const gone = goneAt !== undefined || memory.gone.has(subject);
      // Granted before, and revoked by a write whose outcome nobody knew: it leaves from now on, and says so.
      const before = memory.subjects.get(subject)?.kind;
      if (!gone && before !== undefined && before !== 'granted') continue;
      const message = `${subject} is being removed from the trust policy`;
      this.#set(memory, { subject, profile, state: gone ? { kind: 'gone' } : { kind: 'leaving', reason: 'Revoking', message } }, news);
    }
    this.#refusals(memory, verdicts, news);
    this.#release(memory, verdicts, news);
    this.#findings(memory, plan.findings, news);
    this.#tell(news);
  }

  /** IAM has no such role. */
  absent(memory: RoleMemory, verdicts: Verdicts): void {
    const news = new Set<string>();
    const message = `IAM has no role ${memory.role.name}`;
    this.#unwatch(memory, new Set());
    this.#refusals(memory, verdicts, news);
    const named = new Set(verdicts.refusals.map((refusal) => refusal.claim.subject));
    for (const { subject, profile } of [...this.#recorded(memory), ...this.#deletingClaims(memory)]) {
      if (named.has(subject) || memory.gone.has(subject)) continue;
      this.#set(memory, { subject, profile, state: { kind: 'leaving', reason: 'Revoking', message } }, news);
    }
    this.#tell(news);
  }

  /** A read proved these subjects gone, and with them every subject of a deleted profile that the role never held. */
  proved(memory: RoleMemory, proof: { readonly subjects: readonly string[]; readonly at: string; readonly verdicts: Verdicts }): void {
    const news = new Set<string>();
    for (const subject of proof.subjects) if (!memory.gone.has(subject)) memory.gone.set(subject, proof.at);
    const desired = new Set(proof.verdicts.desired.map((grant) => grant.subject));
    for (const { subject, profile } of [...this.#recorded(memory), ...this.#deletingClaims(memory)]) {
      const leaving = memory.subjects.get(subject)?.kind === 'leaving' || memory.gone.has(subject);
      if (leaving && !desired.has(subject)) this.#set(memory, { subject, profile, state: { kind: 'gone' } }, news);
    }
    this.#tell(news);
  }

  /** The subjects are out of the document, but that is not proved yet. */
  waiting(
    memory: RoleMemory,
    wait: { readonly subjects: readonly string[]; readonly now: number; readonly from: number; readonly lateUntil: number },
  ): void {
    const news = new Set<string>();
    const late = wait.lateUntil > wait.now;
    const until = new Date(this.#deps.clock.now().getTime() + Math.max(0, wait.from - wait.now)).toISOString();
    const reason = late ? 'LateWriteWindow' : 'ReadSettling';
    const message = late
      ? `a write of unknown outcome may still be applied, waiting until ${until}`
      : `IAM’s answers may still be old, reading again at ${until}`;
    for (const { subject, profile } of [...this.#recorded(memory), ...this.#deletingClaims(memory)]) {
      const state = memory.subjects.get(subject);
      if (state?.kind === 'leaving' && state.reason !== reason)
        this.#set(memory, { subject, profile, state: { kind: 'leaving', reason, message } }, news);
    }
    this.#tell(news);
  }

  /** Something happened on the role that concerns its users as a whole: log, metric, and one Event at its oldest profile. */
  warn(memory: RoleMemory, finding: Finding): void {
    this.#count(finding.reason);
    this.#deps.log.warn('finding on a role', { role: memory.role.name, reason: finding.reason, finding: finding.message });
    const [first] = this.#claimants(memory);
    if (first !== undefined)
      this.#deps.report(first.profile, { reason: finding.reason, message: `${memory.role.name}: ${finding.message}` });
  }

  #refusals(memory: RoleMemory, verdicts: Verdicts, news: Set<string>): void {
    for (const { claim, reason, message } of verdicts.refusals) {
      if (memory.subjects.get(claim.subject)?.kind !== 'refused') this.#count(reason);
      this.#set(
        memory,
        { subject: claim.subject, profile: claim.profile, state: { kind: 'refused', reason, message, definite: true } },
        news,
      );
    }
  }

  /** Of a profile that is being deleted nothing was ever ours on this role (another path, a missing tag, no finalizer): it holds up nothing. */
  #release(memory: RoleMemory, verdicts: Verdicts, news: Set<string>): void {
    const { record } = memory.stored ?? {};
    const ours = new Set(
      [...verdicts.revoke, ...verdicts.desired, ...verdicts.undecided, ...(record?.granted ?? []), ...(record?.tombstones ?? [])].map(
        (entry) => entry.subject,
      ),
    );
    for (const { subject, profile } of this.#deletingClaims(memory)) {
      if (!ours.has(subject)) this.#set(memory, { subject, profile, state: { kind: 'gone' } }, news);
    }
  }

  #findings(memory: RoleMemory, findings: readonly Finding[], news: Set<string>): void {
    const say = (list: readonly Finding[]): string => JSON.stringify(list.map((one) => [one.reason, one.message]));
    if (say(findings) === say(memory.findings)) return;
    const known = new Set(memory.findings.map((one) => one.message));
    memory.findings = findings;
    for (const finding of findings) if (!known.has(finding.message)) this.warn(memory, finding);
    for (const { profile } of this.#claimants(memory)) news.add(nameOf(profile));
  }

  #claimants(memory: RoleMemory, mode: Claim['mode'] = 'trust'): readonly { readonly claim: Claim; readonly profile: Profile }[] {
    const found: { claim: Claim; profile: Profile }[] = [];
    for (const profile of [...this.#deps.profiles.list()].sort(byAge)) {
      for (const claim of this.#deps.claimsOf(profile).claims) {
        if (claim.mode === mode && roleKeyOf(claim.role) === memory.key) found.push({ claim, profile });
      }
    }
    return found;
  }

  /** Of a profile whose namespace nobody has looked at yet nothing is decided. */
  #deletingClaims(memory: RoleMemory): readonly { readonly subject: string; readonly profile: string }[] {
    const { book } = this.#deps;
    return this.#claimants(memory)
      .filter(({ profile }) => isDeleting(profile) && book.clearanceOf(nameOf(profile), profile.metadata.uid ?? '') !== 'unknown')
      .map(({ claim }) => ({ subject: claim.subject, profile: claim.profile }));
  }

  #recorded(memory: RoleMemory): readonly { readonly subject: string; readonly profile: string }[] {
    const record = memory.stored?.record;
    return [...(record?.granted ?? []), ...(record?.tombstones ?? [])];
  }

  #set(
    memory: RoleMemory,
    entry: { readonly subject: string; readonly profile: string; readonly state: SubjectState },
    news: Set<string>,
  ): void {
    const before = memory.subjects.get(entry.subject);
    if (JSON.stringify(before) === JSON.stringify(entry.state)) return;
    memory.subjects.set(entry.subject, entry.state);
    news.add(entry.profile);
  }

  #count(reason: ReasonCode): void {
    this.#deps.metrics.count('podrole_role_findings_total', { reason });
  }

  #tell(news: ReadonlySet<string>): void {
    for (const name of [...news].sort()) this.#deps.enqueueProfile(name);
  }
}

/** Whoever deleted a profile is told what its end waits for, and how to do without. */
function leavingWith({ reason, message }: Finding): SubjectState {
  return { kind: 'leaving', reason, message: `${message}; the revocation is tried again (to give it up, remove the profile’s finalizers)` };
}
