import { subjectOf } from '../../iam/service-account-subject.ts';
import { annotationKeys } from '../../identity/annotations.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { resources } from '../../kube/core/resource.ts';
import type { Claims } from '../claims.ts';
import { roleKeyOf } from '../claims.ts';
import type { Verdict } from '../conditions.ts';
import {
  type DesiredObject,
  desiredAuthorizationPolicy,
  desiredNamespace,
  desiredQuota,
  desiredRoleBindings,
  desiredServiceAccount,
  isCollectedWith,
  labelsToRemove,
  PROFILE_SERVICE_ACCOUNTS,
  QUOTA_NAME,
} from '../desired-objects.ts';
import type { NamespaceLabels } from '../namespace-labels.ts';
import { needsApply } from '../object-drift.ts';
import type { ResolvedOptions } from '../options.ts';
import type { ApplyRefusal, ObjectApplier, ObjectRef } from '../ports.ts';
import { FIELD_MANAGER, nameOf, type Profile } from '../profile.ts';
import { namespaceProblem } from '../profile-problems.ts';
import type { RoleBook } from '../role-book.ts';
import { decideAnnotation, ownsAnnotation } from './annotation-decision.ts';
import type { Effects } from './effects.ts';
import type { FreshObjects } from './fresh-objects.ts';

const ROLE_ANNOTATION = annotationKeys().roleArn;

export interface NamespaceObjectsDeps {
  readonly effects: Effects;
  readonly objects: FreshObjects;
  readonly serves: ObjectApplier['serves'];
  readonly options: ResolvedOptions;
  readonly book: RoleBook;
  readonly labels: () => NamespaceLabels;
}

function refOf(desired: DesiredObject): ObjectRef {
  const { name, namespace } = desired.object.metadata;
  return { resource: desired.resource, name: name ?? '', ...(namespace === undefined ? {} : { namespace }) };
}

function worse(a: ApplyRefusal | undefined, b: ApplyRefusal | undefined): ApplyRefusal | undefined {
  return a ?? b;
}

/** Brings the objects of one profile's namespace to what they shall be; writes only what differs. */
export class NamespaceObjects {
  readonly #deps: NamespaceObjectsDeps;

  constructor(deps: NamespaceObjectsDeps) {
    this.#deps = deps;
  }

  /** The namespace itself; anything but `NamespaceApplied` means that nothing in it may be touched. */
  async namespace(profile: Profile): Promise<Verdict> {
    const { effects, objects } = this.#deps;
    const ref = { resource: resources.namespaces, name: nameOf(profile) };
    const live = objects.get(ref) ?? (await effects.readObject(ref));
    const problem = namespaceProblem(profile, live);
    if (problem !== undefined) return { reason: problem.reason, message: problem.message };
    if (live?.metadata.deletionTimestamp !== undefined)
      return { reason: 'NamespaceTerminating', message: `namespace ${ref.name} is being deleted` };
    const labels = this.#deps.labels();
    const refusal = await this.#ensure(desiredNamespace(profile, live, labels), live);
    if (refusal !== undefined) return verdictOf(refusal);
    for (const key of labelsToRemove(live, labels)) {
      const value = live?.metadata.labels?.[key] ?? '';
      const changed = await effects.removeEntry(ref, { map: 'labels', key, value });
      if (changed !== undefined) objects.saw(ref, changed);
    }
    return { reason: 'NamespaceApplied', message: `namespace ${ref.name} is as desired` };
  }

  /** Whether the namespace of this name is there and somebody else’s. */
  async isForeign(profile: Profile): Promise<boolean> {
    const ref = { resource: resources.namespaces, name: nameOf(profile) };
    const live = this.#deps.objects.get(ref) ?? (await this.#deps.effects.readObject(ref));
    return namespaceProblem(profile, live)?.reason === 'NamespaceForeign';
  }

  /** Service accounts, policy and quota. */
  async contents(profile: Profile, claims: Claims): Promise<ApplyRefusal | undefined> {
    const [accounts, policy, quota] = await Promise.all([
      this.#serviceAccounts(profile, claims),
      this.#policy(profile),
      this.#quota(profile),
    ]);
    return worse(worse(accounts, policy), quota);
  }

  /** The role bindings. One whose roleRef is another cannot be changed: it is made anew. */
  async access(profile: Profile): Promise<ApplyRefusal | undefined> {
    const find = (name: string): KubeObject | undefined =>
      this.#deps.objects.get({ resource: resources.roleBindings, namespace: nameOf(profile), name });
    const outcomes = await Promise.all(
      desiredRoleBindings(profile, find).map(async (desired) => {
        const refusal = await this.#ensure(desired, find(desired.object.metadata.name ?? ''));
        if (refusal?.code !== 'immutable') return refusal;
        const ref = refOf(desired);
        await this.#deps.effects.deleteObject(ref);
        this.#deps.objects.saw(ref, undefined);
        return this.#ensure(desired, undefined);
      }),
    );
    return outcomes.reduce(worse, undefined);
  }

  /** Removes our annotations where the namespace outlives the profile; in one that is somebody else’s by now, those alone that we wrote. */
  async release(profile: Profile, roles: readonly { readonly serviceAccount: string; readonly role: string }[]): Promise<void> {
    const { effects, objects } = this.#deps;
    const namespace = objects.get({ resource: resources.namespaces, name: nameOf(profile) });
    if (namespace === undefined || isCollectedWith(namespace, profile)) return;
    const foreign = namespaceProblem(profile, namespace) !== undefined;
    for (const { serviceAccount, role } of roles) {
      const ref = { resource: resources.serviceAccounts, namespace: nameOf(profile), name: serviceAccount };
      const live = objects.get(ref);
      if (live?.metadata.annotations?.[ROLE_ANNOTATION] !== role || (foreign && !ownsAnnotation(live, ROLE_ANNOTATION))) continue;
      const changed = await effects.removeEntry(ref, { map: 'annotations', key: ROLE_ANNOTATION, value: role });
      if (changed !== undefined) objects.saw(ref, changed);
    }
  }

  async #serviceAccounts(profile: Profile, claims: Claims): Promise<ApplyRefusal | undefined> {
    const shown = (profile.status?.roles ?? []).map((one) => one.serviceAccount);
    const names = new Set([...PROFILE_SERVICE_ACCOUNTS, ...claims.claims.map((claim) => claim.serviceAccount), ...shown]);
    const outcomes = await Promise.all([...names].map((name) => this.#serviceAccount(profile, name, claims)));
    return outcomes.reduce(worse, undefined);
  }

  async #serviceAccount(profile: Profile, name: string, claims: Claims): Promise<ApplyRefusal | undefined> {
    const { objects, book, effects } = this.#deps;
    const ref = { resource: resources.serviceAccounts, namespace: nameOf(profile), name };
    const live = objects.get(ref);
    const claim = claims.claims.find((one) => one.serviceAccount === name);
    const subject = claim?.subject ?? subjectOf({ namespace: nameOf(profile), name });
    const decision = decideAnnotation({
      live,
      key: ROLE_ANNOTATION,
      claim,
      state: claim === undefined ? undefined : book.stateOf(roleKeyOf(claim.role), subject),
      isOurs: (role) =>
        (profile.status?.roles ?? []).some((one) => one.serviceAccount === name && one.role === role) ||
        book.trusts(role, subject) !== undefined,
      stillTrusted: (role) => book.trusts(role, subject) === true,
    });
    if (decision.kind === 'wait') return undefined;
    if (claim === undefined && live === undefined && !PROFILE_SERVICE_ACCOUNTS.includes(name)) return undefined;
    if (decision.kind === 'none' && decision.remove !== undefined) {
      const changed = await effects.removeEntry(ref, { map: 'annotations', key: ROLE_ANNOTATION, value: decision.remove });
      if (changed !== undefined) objects.saw(ref, changed);
    }
    const role =
      decision.kind === 'role' ? decision.role : decision.kind === 'keep' ? live?.metadata.annotations?.[ROLE_ANNOTATION] : undefined;
    const foreign = claim === undefined && !PROFILE_SERVICE_ACCOUNTS.includes(name);
    const refusal = foreign
      ? undefined
      : await this.#ensure(
          desiredServiceAccount(profile, name, role, live),
          objects.get(ref),
          decision.kind === 'role' && live !== undefined ? decision.role : undefined,
        );
    book.setAnnotated(subject, objects.get(ref)?.metadata.annotations?.[ROLE_ANNOTATION]);
    return refusal;
  }

  async #policy(profile: Profile): Promise<ApplyRefusal | undefined> {
    if (!this.#deps.serves(resources.authorizationPolicies)) return undefined;
    const ref = { resource: resources.authorizationPolicies, namespace: nameOf(profile), name: 'ns-owner-access-istio' };
    const live = this.#deps.objects.get(ref);
    return this.#ensure(desiredAuthorizationPolicy(profile, this.#deps.options.istio, live), live);
  }

  async #quota(profile: Profile): Promise<ApplyRefusal | undefined> {
    const { objects, effects } = this.#deps;
    const ref = { resource: resources.resourceQuotas, namespace: nameOf(profile), name: QUOTA_NAME };
    const live = objects.get(ref);
    const desired = desiredQuota(profile, live);
    if (desired !== undefined) return this.#ensure(desired, live);
    // Upstream deletes any quota of this name; ours only what came from a profile.
    if (live !== undefined && isCollectedWith(live, profile)) {
      await effects.deleteObject(ref);
      objects.saw(ref, undefined);
    }
    return undefined;
  }

  async #ensure(desired: DesiredObject, live: KubeObject | undefined, role?: string): Promise<ApplyRefusal | undefined> {
    const { effects, objects } = this.#deps;
    if (!needsApply(live, desired.object, FIELD_MANAGER)) return undefined;
    const ref = refOf(desired);
    const outcome = await effects.apply(ref, desired.object, role);
    if (!outcome.ok) return outcome;
    objects.saw(ref, outcome.object);
    return undefined;
  }
}

/** The refusal of an object as a condition. */
export function verdictOf(refusal: ApplyRefusal): Verdict {
  return { reason: refusal.code === 'namespace-terminating' ? 'NamespaceTerminating' : 'ApplyRefused', message: refusal.message };
}
