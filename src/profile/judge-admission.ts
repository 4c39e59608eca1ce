import type { KubeObject } from '../kube/core/object.ts';
import { type Claim, claimsOf, type DefaultRole } from './claims.ts';
import { AWS_IAM_PLUGIN } from './decode-plugins.ts';
import type { RoleReadOutcome } from './ports.ts';
import { isDeleting, type Profile } from './profile.ts';
import { namespaceProblem, type ProfileProblem, profileProblems } from './profile-problems.ts';
import { type ReasonCode, reasons } from './reasons.data.ts';
import { admitsTags, type RolePolicy } from './role-policy.ts';

/** What is known when a profile is admitted. */
export interface AdmissionFacts {
  readonly policy: RolePolicy;
  readonly defaultRole: DefaultRole;
  /** From a cache; `unknown` until it has synced. */
  readonly namespace: { readonly kind: 'known'; readonly object: KubeObject | undefined } | { readonly kind: 'unknown' };
  /** GetRole's answers for the roles of {@link taggedClaims}, by role name. What is missing counts as not answered. */
  readonly roles: ReadonlyMap<string, RoleReadOutcome>;
}

/** Said to whoever writes the profile, which is let through all the same. */
export interface AdmissionWarning {
  readonly reason: ReasonCode;
  readonly message: string;
}

/** The profile as it shall be, and as it is stored; `before` is absent when it is created. */
export interface ProfileChange {
  readonly now: Profile;
  readonly before: Profile | undefined;
}

/** Admitted when there is no problem. */
export interface AdmissionVerdict {
  readonly problems: readonly ProfileProblem[];
  readonly warnings: readonly AdmissionWarning[];
}

/** The claims whose role is only admitted by a tag, so that GetRole must be asked first; none for what was claimed before. */
export function taggedClaims({ now, before }: ProfileChange, policy: RolePolicy): readonly Claim[] {
  if (isDeleting(now)) return [];
  const known = new Set(before === undefined ? [] : claimsOf(before, policy, undefined).claims.map(identityOf));
  return claimsOf(now, policy, undefined).claims.filter((claim) => claim.needsTag && !known.has(identityOf(claim)));
}

/**
 * Whether a profile may be written, by the rules of the reconcile. Only what a change brings in is refused: a profile that was wrong before
 * can still be labelled, mended in part and deleted, and hears of the rest as warnings. A profile that is being deleted is never refused,
 * or its finalizers would stay. Pure.
 */
export function judgeAdmission(change: ProfileChange, facts: AdmissionFacts): AdmissionVerdict {
  const { now, before } = change;
  if (isDeleting(now)) return { problems: [], warnings: [] };
  const wrong = profileProblems(now, facts.policy).filter((problem) => reasons[problem.reason].kind !== 'finding');
  const { fresh, stale } = partitioned(wrong, before === undefined ? [] : profileProblems(before, facts.policy));
  const warnings = [
    ...stale.map(({ path, reason, message }) => ({ reason, message: `${fieldOf(path)}: ${message}` })),
    ...generalWarnings(now, facts),
  ];
  const problems = [...fresh];
  if (facts.namespace.kind === 'known') {
    const namespace = namespaceProblem(now, facts.namespace.object);
    if (namespace?.reason === 'OwnerChangeRefused' && ownerOf(now) !== ownerOf(before)) problems.push(namespace);
    else if (namespace !== undefined) warnings.push(namespace);
  } else warnings.push(...unseenOwnerChange(change));
  for (const claim of taggedClaims(change, facts.policy)) {
    const found = judgeTag(claim, facts);
    if ('path' in found) problems.push(found);
    else if ('reason' in found) warnings.push(found);
  }
  problems.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { problems, warnings: warnings.map(({ reason, message }) => ({ reason, message })) };
}

/** `/spec/plugins/0/spec/awsIamRole` as the API server writes fields: `spec.plugins[0].spec.awsIamRole`. */
export function fieldOf(path: string): string {
  return path
    .slice(1)
    .split('/')
    .map((segment, index) => (/^[0-9]+$/.test(segment) ? `[${segment}]` : index === 0 ? segment : `.${segment}`))
    .join('');
}

const identityOf = (claim: Claim): string => `${claim.serviceAccount} ${claim.mode} ${claim.role.text}`;
const ownerOf = (profile: Profile | undefined): string | undefined => profile?.spec?.owner?.name;

/** A problem is old when the stored profile has as many of the same words; its place in a list may be another. */
function partitioned(
  problems: readonly ProfileProblem[],
  before: readonly ProfileProblem[],
): { readonly fresh: readonly ProfileProblem[]; readonly stale: readonly ProfileProblem[] } {
  const left = new Map<string, number>();
  const keyOf = (problem: ProfileProblem): string => `${problem.reason} ${problem.message}`;
  for (const problem of before) left.set(keyOf(problem), (left.get(keyOf(problem)) ?? 0) + 1);
  const fresh: ProfileProblem[] = [];
  const stale: ProfileProblem[] = [];
  for (const problem of problems) {
    const count = left.get(keyOf(problem)) ?? 0;
    left.set(keyOf(problem), count - 1);
    (count > 0 ? stale : fresh).push(problem);
  }
  return { fresh, stale };
}

/** Without a look at the namespace an owner who changes is as likely right as wrong: the reconcile decides. */
function unseenOwnerChange({ now, before }: ProfileChange): readonly AdmissionWarning[] {
  if (before === undefined || ownerOf(now) === ownerOf(before)) return [];
  const message = `the owner changes from ${ownerOf(before)} to ${ownerOf(now)}; it is refused later if the namespace was made for the first`;
  return [{ reason: 'OwnerChangeRefused', message }];
}

/** The tag of a role may have been taken off or put on since: only IAM's own word counts, and without it the reconcile decides. */
function judgeTag(claim: Claim, facts: AdmissionFacts): ProfileProblem | AdmissionWarning | { readonly ok: true } {
  const read = facts.roles.get(claim.role.name);
  const path = `${claim.path}/spec/awsIamRole`;
  const named = claim.role.text;
  if (read === undefined || read.kind === 'failed')
    return { reason: 'IamUnavailable', message: `IAM did not say in time whether ${named} carries an allowed tag; it is looked at later` };
  if (read.kind === 'absent')
    return { reason: 'RoleNotFound', message: `IAM has no role ${claim.role.name} yet, nothing is granted until it has` };
  if (read.role.arn !== named)
    return { path, reason: 'RoleMismatch', message: `${named} is not IAM’s role of that name, which is ${read.role.arn}: use that ARN` };
  if (admitsTags(read.role.tags, facts.policy.allowed)) return { ok: true };
  return { path, reason: 'RoleNotAllowed', message: `${named} carries none of the tags that --allowed-role asks for` };
}

function generalWarnings(profile: Profile, facts: AdmissionFacts): readonly AdmissionWarning[] {
  const { policy } = facts;
  const decoded = claimsOf(profile, policy, undefined);
  const warnings: AdmissionWarning[] = decoded.problems
    .filter((problem) => reasons[problem.reason].kind === 'finding')
    .map(({ path, reason, message }) => ({ reason, message: `${fieldOf(path)}: ${message}` }));
  const foreign = new Set(
    decoded.claims
      .filter((claim) => claim.mode === 'annotate' && policy.own !== undefined && claim.role.account !== policy.own.account)
      .map((claim) => claim.role.text),
  );
  for (const role of foreign)
    warnings.push({
      reason: 'Annotated',
      message: `${role} is of another account: podrole cannot see whether it trusts these service accounts`,
    });
  if (decoded.claims.some((claim) => claim.mode === 'trust')) {
    if (policy.own === undefined) warnings.push({ reason: 'OwnRoleUnknown', message: reasons.OwnRoleUnknown.doc });
    if (policy.allowed.length === 0) warnings.push({ reason: 'AnyRoleAllowed', message: reasons.AnyRoleAllowed.doc });
  }
  const named = (profile.spec?.plugins ?? []).some((entry) => entry.kind === AWS_IAM_PLUGIN);
  // A bad default is the operator’s to mend, not of whoever makes a profile.
  if (!named && facts.defaultRole !== undefined) {
    const rendered = claimsOf(profile, policy, facts.defaultRole).problems.filter((problem) =>
      problem.path.startsWith('/spec/plugins/spec'),
    );
    for (const { reason, message } of rendered) warnings.push({ reason, message: `--default-role: ${message}` });
  }
  return warnings;
}
