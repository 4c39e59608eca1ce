import { type Claim, type Claims, roleKeyOf } from './claims.ts';
import { byAge, FINALIZER, isDeleting, isPaused, nameOf, ownFinalizers, type Profile } from './profile.ts';
import type { ReasonCode } from './reasons.data.ts';
import { admitsTags, type RolePolicy } from './role-policy.ts';
import type { RoleRecord } from './role-record.ts';
import type { SubjectVerdicts } from './three-sets.ts';

/** What is known when the profiles' wishes for one role are counted. */
export interface VerdictFacts {
  readonly key: string;
  /** IAM's own ARN and tags of the role; absent when IAM has no such role. */
  readonly role: { readonly arn: string; readonly tags?: Readonly<Record<string, string>> } | undefined;
  readonly policy: RolePolicy;
  readonly record: RoleRecord | undefined;
  /** From the cache, corrected by our own writes. */
  readonly profiles: readonly Profile[];
  /** Read directly a moment ago, by name; `undefined` is a 404. They stand in for the cache. */
  readonly direct: ReadonlyMap<string, Profile | undefined>;
  readonly claimsOf: (profile: Profile) => Claims;
  readonly clearanceOf: (profile: Profile) => 'cleared' | 'barred' | 'unknown';
  /** Whether the profile was seen directly a moment ago, so that a first grant needs no further read. */
  readonly confirmed: (profile: Profile) => boolean;
  /** Whether a subject may stay although its profile now names `claim`'s role for it. */
  readonly mayStay: (subject: string, claim: Claim) => boolean;
}

/** A claim that is refused before the trust policy is looked at. */
export interface ClaimRefusal {
  readonly claim: Claim;
  readonly reason: ReasonCode;
  readonly message: string;
}

export interface Verdicts extends SubjectVerdicts {
  readonly refusals: readonly ClaimRefusal[];
  /** Profiles without whose direct read nothing may be granted or revoked for them. */
  readonly unsure: readonly string[];
  /** Every profile that has to do with this role. */
  readonly concerned: readonly string[];
}

function refusalOf(claim: Claim, facts: VerdictFacts): ClaimRefusal | undefined {
  if (facts.role === undefined)
    return { claim, reason: 'RoleNotFound', message: `IAM has no role ${claim.role.name}, create it or name another` };
  if (facts.role.arn !== claim.role.text) {
    return {
      claim,
      reason: 'RoleMismatch',
      message: `the profile names ${claim.role.text}, IAM’s role of that name is ${facts.role.arn}: use that ARN`,
    };
  }
  if (claim.needsTag && !admitsTags(facts.role.tags, facts.policy.allowed)) {
    return { claim, reason: 'RoleNotAllowed', message: `${claim.role.text} carries none of the tags that --allowed-role asks for` };
  }
  return undefined;
}

/** Counts which subjects a role shall hold, which it shall lose, and which must wait for a direct read. Pure; order does not matter. */
export function subjectVerdicts(facts: VerdictFacts): Verdicts {
  const view = new Map(facts.profiles.map((profile) => [nameOf(profile), profile]));
  for (const [name, profile] of facts.direct) {
    if (profile === undefined) view.delete(name);
    else view.set(name, profile);
  }
  const granted = new Map((facts.record?.granted ?? []).map((grant) => [grant.subject, grant]));
  const buried = new Set((facts.record?.tombstones ?? []).map((stone) => stone.subject));
  const desired: SubjectVerdicts['desired'][number][] = [];
  const revoke = new Map<string, SubjectVerdicts['revoke'][number]>();
  const undecided: SubjectVerdicts['undecided'][number][] = [];
  const refusals: ClaimRefusal[] = [];
  const unsure = new Set<string>();
  const concerned = new Set<string>([...granted.values()].map((grant) => grant.profile));
  const settled = new Set<string>();

  for (const profile of [...view.values()].sort(byAge)) {
    for (const claim of facts.claimsOf(profile).claims) {
      if (claim.mode !== 'trust' || roleKeyOf(claim.role) !== facts.key) continue;
      const name = nameOf(profile);
      concerned.add(name);
      const grant = { subject: claim.subject, profile: name, uid: profile.metadata.uid ?? '' };
      const refusal = refusalOf(claim, facts);
      if (isDeleting(profile)) {
        // First met while it is being deleted: whoever granted it, the finalizer makes it ours to revoke. Not where the namespace is
        // somebody else’s: anybody may name a profile like it, and would take away what lives there.
        const ours = ownFinalizers(profile).length > 0 && facts.clearanceOf(profile) === 'cleared';
        if (refusal === undefined && ours && !buried.has(claim.subject)) revoke.set(claim.subject, grant);
        continue;
      }
      if (refusal !== undefined) {
        refusals.push(refusal);
        continue;
      }
      const known = granted.has(claim.subject);
      const clearance = facts.clearanceOf(profile);
      if (isPaused(profile) && !known) continue;
      if (clearance === 'barred' || (!known && clearance !== 'cleared')) continue;
      if (!known && !(profile.metadata.finalizers ?? []).includes(FINALIZER)) continue;
      if (!known && !facts.direct.has(name) && !facts.confirmed(profile)) {
        unsure.add(name);
        continue;
      }
      settled.add(claim.subject);
      desired.push(grant);
    }
  }

  for (const grant of granted.values()) {
    if (settled.has(grant.subject)) continue;
    const profile = view.get(grant.profile);
    const certain = facts.direct.has(grant.profile) || (profile !== undefined && isDeleting(profile));
    if (!certain) {
      unsure.add(grant.profile);
      undecided.push(grant);
      continue;
    }
    // Another profile of the same name has no part in what was granted for this one.
    const same = profile !== undefined && !isDeleting(profile) && profile.metadata.uid === grant.uid ? profile : undefined;
    const claims = same === undefined ? [] : facts.claimsOf(same).claims;
    const elsewhere = claims.find((claim) => claim.subject === grant.subject && roleKeyOf(claim.role) !== facts.key);
    const stays = same !== undefined && (isPaused(same) || (elsewhere !== undefined && facts.mayStay(grant.subject, elsewhere)));
    if (stays) undecided.push(grant);
    else revoke.set(grant.subject, grant);
  }
  return { desired, revoke: [...revoke.values()], undecided, refusals, unsure: [...unsure].sort(), concerned: [...concerned].sort() };
}
