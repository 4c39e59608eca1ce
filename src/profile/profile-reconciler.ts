import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { parseSubject } from '../iam/service-account-subject.ts';
import type { Outcome } from '../kube/runtime/controller.ts';
import { type AwsIamVerdict, awsIamVerdict } from './aws-iam-verdict.ts';
import { type Claims, roleKeyOf } from './claims.ts';
import type { ProfileVerdicts, Verdict } from './conditions.ts';
import type { Effects } from './internal/effects.ts';
import type { FreshObjects } from './internal/fresh-objects.ts';
import type { FreshProfiles } from './internal/fresh-profiles.ts';
import { type NamespaceObjects, verdictOf } from './internal/namespace-objects.ts';
import type { AnnotatedAccount, PodWatch } from './internal/pod-watch.ts';
import { ProfileSpeaker } from './internal/profile-speaker.ts';
import type { EventSink, LeaseView, Metrics } from './ports.ts';
import { FINALIZER, isDeleting, isPaused, nameOf, ownFinalizers, type Profile } from './profile.ts';
import { identityProblems } from './profile-problems.ts';
import { isGood, reasons } from './reasons.data.ts';
import type { RoleBook } from './role-book.ts';

const CONFLICT_MS = 200;
const TERMINATING_MS = 5_000;
const LEASE_MARGIN_MS = 2_000;

export interface ProfileReconcilerDeps {
  readonly book: RoleBook;
  readonly profiles: FreshProfiles;
  readonly objects: FreshObjects;
  readonly namespaceObjects: NamespaceObjects;
  readonly effects: Effects;
  /** Absent: pods are not looked at. */
  readonly pods: PodWatch | undefined;
  readonly lease: LeaseView;
  readonly events: EventSink;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly claimsOf: (profile: Profile) => Claims;
  readonly enqueueRole: (key: string) => void;
  /** Whether roles of this account can be looked at with our credentials. */
  readonly isOwnAccount: (account: string) => boolean;
  /** What is wrong with the labels file, if anything. */
  readonly labelsProblem: () => string | undefined;
}

/** Roles that a profile no longer names and that still hold something of it. */
interface OtherRole {
  readonly key: string;
  readonly subject: string;
  readonly role: string;
  readonly serviceAccount: string;
}

/**
 * Brings one profile to what it asks for: namespace, access, service accounts, and the roles' side by way of the role queue. The finalizer
 * comes before the first side effect; a profile that is being deleted only revokes.
 */
export class ProfileReconciler {
  readonly #deps: ProfileReconcilerDeps;
  readonly #generations = new Map<string, number>();
  readonly #speaker: ProfileSpeaker;

  constructor(deps: ProfileReconcilerDeps) {
    this.#deps = deps;
    this.#speaker = new ProfileSpeaker(deps);
  }

  /** One round for the profile of this name. */
  async reconcile(name: string): Promise<Outcome> {
    const profile = this.#deps.profiles.get(name);
    if (profile === undefined) return this.#missing(name);
    if (isPaused(profile)) return this.#paused(profile);
    return isDeleting(profile) ? this.#delete(profile) : this.#live(profile);
  }

  /** The term of this reconciler is over. */
  stop(): void {
    this.#speaker.stop();
  }

  /** The roles find out by a direct read whether it is really gone. */
  #missing(name: string): Outcome {
    const { book, profiles, objects } = this.#deps;
    for (const { key } of book.rolesOf(name)) this.#deps.enqueueRole(key);
    book.dropProfile(name);
    profiles.forget(name);
    objects.forget(name);
    this.#deps.pods?.forget(name);
    this.#generations.delete(name);
    this.#speaker.forget(name);
    return { kind: 'done' };
  }

  async #paused(profile: Profile): Promise<Outcome> {
    const verdict: Verdict = { reason: 'Paused', message: reasons.Paused.doc };
    await this.#speaker.say(profile, { namespace: verdict, access: verdict, awsIam: verdict, roles: profile.status?.roles ?? [] });
    return { kind: 'done' };
  }

  async #live(profile: Profile): Promise<Outcome> {
    const [problem] = identityProblems(profile);
    const claims = this.#deps.claimsOf(profile);
    if (problem !== undefined) {
      await this.#speaker.say(profile, { namespace: problem, access: waiting, awsIam: this.#withoutNamespace(profile, claims), roles: [] });
      return { kind: 'done' };
    }
    const held = await this.#holdFinalizer(profile, claims);
    return held === undefined ? { kind: 'after', ms: CONFLICT_MS } : this.#build(held, claims);
  }

  /** The finalizer stands before anything else is done for the profile in IAM. */
  async #holdFinalizer(profile: Profile, claims: Claims): Promise<Profile | undefined> {
    const { effects, profiles, clock } = this.#deps;
    const needed = claims.claims.some((claim) => claim.mode === 'trust');
    if (!needed || (profile.metadata.finalizers ?? []).includes(FINALIZER)) return profile;
    const startedAt = clock.monotonic();
    const stored = await effects.addFinalizer(profile, FINALIZER);
    if (stored !== undefined) profiles.saw(stored, startedAt);
    return stored !== undefined && !isDeleting(stored) ? stored : undefined;
  }

  async #build(profile: Profile, claims: Claims): Promise<Outcome> {
    const { namespaceObjects } = this.#deps;
    const namespace = await namespaceObjects.namespace(profile);
    if (namespace.reason !== 'NamespaceApplied') {
      if (namespace.reason === 'NamespaceForeign') this.#clear(profile, claims, 'barred');
      await this.#speaker.say(profile, { namespace, access: waiting, awsIam: this.#withoutNamespace(profile, claims), roles: [] });
      if (namespace.reason === 'NamespaceForeign')
        this.#deps.metrics.count('request_kf', { component: 'profile_controller', kind: 'reject profile taking over exi' });
      return isGood(namespace.reason) || reasons[namespace.reason].kind === 'error'
        ? { kind: 'done' }
        : { kind: 'after', ms: TERMINATING_MS };
    }
    this.#clear(profile, claims, 'cleared');
    const [contents, access] = await Promise.all([namespaceObjects.contents(profile, claims), namespaceObjects.access(profile)]);
    this.#wakeRoles(profile, claims);
    const awsIam = this.#awsIam(profile, claims);
    const parts: ProfileVerdicts = {
      namespace: contents === undefined ? { ...namespace, ...this.#labelsNote(namespace) } : verdictOf(contents),
      access: access === undefined ? { reason: 'AccessApplied', message: reasons.AccessApplied.doc } : verdictOf(access),
      awsIam,
      roles: awsIam.roles,
      pods: awsIam.pending ? undefined : await this.#deps.pods?.report(profile, this.#annotated(claims)),
    };
    const undecided = awsIam.pending && isGood(parts.namespace.reason) && isGood(parts.access.reason);
    if (!undecided) await this.#speaker.say(profile, parts);
    this.#deps.metrics.count('request_kf', { component: 'profile_controller', kind: 'reconcile' });
    const refused = contents ?? access;
    if (refused !== undefined) return { kind: 'retry', error: new Error(refused.message) };
    const lookAgainMs = this.#deps.pods?.dueIn(nameOf(profile));
    return lookAgainMs === undefined ? { kind: 'done' } : { kind: 'after', ms: lookAgainMs };
  }

  /** The claims whose service account was seen to carry the role. */
  #annotated(claims: Claims): readonly AnnotatedAccount[] {
    return claims.claims.flatMap(({ serviceAccount, subject, role }) =>
      this.#deps.book.annotatedRole(subject) === role.text ? [{ serviceAccount, role: role.text }] : [],
    );
  }

  #labelsNote(namespace: Verdict): { readonly message: string } {
    const problem = this.#deps.labelsProblem();
    return { message: problem === undefined ? namespace.message : `${namespace.message}; labels file: ${problem}` };
  }

  /** Whether the namespace is the profile's: grants wait for it, and a foreign one takes them back. */
  #clear(profile: Profile, claims: Claims, verdict: 'cleared' | 'barred'): void {
    const { book } = this.#deps;
    const news = book.setClearance(nameOf(profile), profile.metadata.uid ?? '', verdict);
    const generation = profile.metadata.generation ?? 0;
    const changed = this.#generations.get(nameOf(profile)) !== generation;
    this.#generations.set(nameOf(profile), generation);
    for (const claim of claims.claims) {
      if (claim.mode === 'annotate' && !this.#deps.isOwnAccount(claim.role.account)) continue;
      const key = roleKeyOf(claim.role);
      const known = book.find(key) !== undefined;
      book.at(key, claim.role);
      const { kind } = book.stateOf(key, claim.subject);
      if (news || changed || !known || kind === 'pending' || kind === 'gone') this.#deps.enqueueRole(key);
    }
  }

  /** A role that the profile left may go on as soon as the service account carries the new one. */
  #wakeRoles(profile: Profile, claims: Claims): void {
    for (const other of this.#others(profile, claims)) {
      if (this.#deps.book.stateOf(other.key, other.subject).kind !== 'leaving') this.#deps.enqueueRole(other.key);
    }
  }

  #others(profile: Profile, claims: Claims): readonly OtherRole[] {
    const { book } = this.#deps;
    const named = new Set(claims.claims.flatMap((claim) => (claim.mode === 'trust' ? [`${roleKeyOf(claim.role)} ${claim.subject}`] : [])));
    return book.rolesOf(nameOf(profile)).flatMap(({ key, subject }) => {
      if (named.has(`${key} ${subject}`)) return [];
      const role = book.find(key)?.stored?.record?.role ?? key;
      return [{ key, subject, role, serviceAccount: parseSubject(subject)?.name ?? subject }];
    });
  }

  #awsIam(profile: Profile, claims: Claims): AwsIamVerdict {
    const { book } = this.#deps;
    return awsIamVerdict({
      claims,
      stateOf: (key, subject) => book.stateOf(key, subject),
      others: this.#others(profile, claims),
      annotatedRole: (subject) => book.annotatedRole(subject),
    });
  }

  /** Nothing is granted before the namespace is the profile’s, and nobody shall be told that it is about to be. */
  #withoutNamespace(profile: Profile, claims: Claims): Verdict {
    const verdict = this.#awsIam(profile, claims);
    return verdict.reason === 'Granting' ? { reason: 'AccessWaiting', message: 'the role waits for the namespace' } : verdict;
  }

  async #delete(profile: Profile): Promise<Outcome> {
    const { book, effects, namespaceObjects } = this.#deps;
    const finalizers = ownFinalizers(profile);
    if (finalizers.length === 0) return { kind: 'done' };
    const claims = this.#deps.claimsOf(profile);
    // Only what the record holds is revoked of a profile that has the name of somebody else’s namespace.
    const own = (await this.#isForeign(profile, claims)) ? { ...claims, claims: [] } : claims;
    const open: Verdict[] = [];
    for (const { key, subject, role } of this.#toRevoke(profile, own)) {
      const memory = role === undefined ? book.find(key) : book.at(key, role);
      const state = memory?.subjects.get(subject) ?? { kind: 'pending' as const };
      if (state.kind === 'gone') continue;
      if (state.kind !== 'leaving') this.#deps.enqueueRole(key);
      open.push(state.kind === 'leaving' ? state : { reason: 'Revoking', message: `${subject} is being removed from ${key}` });
    }
    const [worst] = [...open].sort((a, b) => Number(a.reason === 'Revoking') - Number(b.reason === 'Revoking'));
    if (worst !== undefined) {
      const deleting: Verdict = { reason: 'Deleting', message: reasons.Deleting.doc };
      if (worst.reason !== 'Revoking')
        await this.#speaker.say(profile, {
          namespace: deleting,
          access: deleting,
          awsIam: worst,
          roles: this.#awsIam(profile, claims).roles,
        });
      return { kind: 'done' };
    }
    await namespaceObjects.release(profile, [
      ...(profile.status?.roles ?? []),
      ...claims.claims.map((claim) => ({ serviceAccount: claim.serviceAccount, role: claim.role.text })),
    ]);
    // A process that slept through its lease may have missed all of this profile's life.
    if (this.#deps.lease.remainingMs() <= LEASE_MARGIN_MS) return { kind: 'after', ms: LEASE_MARGIN_MS };
    const outcome = await effects.removeFinalizers(profile, finalizers);
    if (outcome === 'conflict') return { kind: 'after', ms: CONFLICT_MS };
    this.#deps.metrics.count('request_kf', { component: 'profile_controller', kind: 'profile deletion' });
    return { kind: 'done' };
  }

  /** Whether the namespace of a profile that is being deleted is somebody else’s: looked at until it is the profile’s, or there is none. */
  async #isForeign(profile: Profile, claims: Claims): Promise<boolean> {
    const { book, namespaceObjects } = this.#deps;
    const [name, uid] = [nameOf(profile), profile.metadata.uid ?? ''];
    if (book.clearanceOf(name, uid) === 'cleared') return false;
    const foreign = await namespaceObjects.isForeign(profile);
    const news = book.setClearance(name, uid, foreign ? 'barred' : 'cleared');
    for (const { role } of news ? claims.claims : []) this.#deps.enqueueRole(roleKeyOf(role));
    return foreign;
  }

  /** What the record says, and what the profile names although no record knows it yet. */
  #toRevoke(
    profile: Profile,
    claims: Claims,
  ): readonly {
    readonly key: string;
    readonly subject: string;
    readonly role?: { readonly partition: string; readonly account: string; readonly name: string };
  }[] {
    const recorded = this.#deps.book.rolesOf(nameOf(profile));
    const named = claims.claims.flatMap((claim) =>
      claim.mode === 'trust' ? [{ key: roleKeyOf(claim.role), subject: claim.subject, role: claim.role }] : [],
    );
    const seen = new Set(named.map(({ key, subject }) => `${key} ${subject}`));
    return [...named, ...recorded.filter(({ key, subject }) => !seen.has(`${key} ${subject}`))];
  }
}

const waiting: Verdict = { reason: 'AccessWaiting', message: reasons.AccessWaiting.doc };
