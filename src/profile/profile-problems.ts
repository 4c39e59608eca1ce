import { isDnsLabel } from '../iam/service-account-subject.ts';
import type { KubeObject } from '../kube/core/object.ts';
import { claimsOf } from './claims.ts';
import type { PluginProblem } from './decode-plugins.ts';
import { isCollectedWith, isOwnedBy } from './desired-objects.ts';
import { nameOf, type OwnerSubject, type Profile } from './profile.ts';
import type { RolePolicy } from './role-policy.ts';

/** Something wrong with a profile: a JSON pointer into it, the reason and a sentence for people. */
export type ProfileProblem = PluginProblem;

/** Any legal name: what stands in for an illegal one while the rest of a profile is judged. */
const STAND_IN = 'n';
const SUBJECT_KINDS = ['User', 'Group', 'ServiceAccount'];

/** What keeps a profile from having a namespace at all: its own name, which is the namespace's, or no owner. */
export function identityProblems(profile: Profile): readonly ProfileProblem[] {
  const name = nameOf(profile);
  const problems: ProfileProblem[] = [];
  if (!isDnsLabel(name)) {
    const message = `${JSON.stringify(name)} is no legal namespace name: lower-case letters, digits and -, at most 63`;
    problems.push({ path: '/metadata/name', reason: 'NamespaceNameIllegal', message });
  }
  problems.push(...ownerProblems(profile.spec?.owner));
  return problems;
}

/** What no role binding could name as its subject (`ValidateRoleBindingSubject` of the API server). */
function ownerProblems(owner: OwnerSubject | undefined): readonly ProfileProblem[] {
  if (!owner?.name || !owner.kind) return [{ path: '/spec/owner', reason: 'OwnerMissing', message: 'spec.owner wants a kind and a name' }];
  if (!SUBJECT_KINDS.includes(owner.kind)) {
    const message = `spec.owner.kind ${JSON.stringify(owner.kind)} is none of ${SUBJECT_KINDS.join(', ')}`;
    return [{ path: '/spec/owner/kind', reason: 'OwnerIllegal', message }];
  }
  if (owner.kind === 'ServiceAccount' && !owner.namespace)
    return [{ path: '/spec/owner/namespace', reason: 'OwnerIllegal', message: 'an owner of kind ServiceAccount wants its namespace' }];
  return [];
}

/** Why a profile may not have the namespace of its name as it is; `undefined`: it may, or there is none. */
export function namespaceProblem(profile: Profile, live: KubeObject | undefined): ProfileProblem | undefined {
  if (live === undefined || isOwnedBy(live, profile)) return undefined;
  const path = '/spec/owner/name';
  const wanted = profile.spec?.owner?.name;
  const owner = live.metadata.annotations?.owner;
  if (isCollectedWith(live, profile)) {
    const message = `namespace ${nameOf(profile)} was made for ${owner ?? 'nobody'}, the profile now names ${wanted}: restore the owner, or make a new profile`;
    return { path, reason: 'OwnerChangeRefused', message };
  }
  const message = `namespace ${nameOf(profile)} exists and its owner annotation is ${owner ?? 'absent'}, not ${wanted}`;
  return { path, reason: 'NamespaceForeign', message };
}

/**
 * Everything that stands against a profile by itself, in the order of its fields: what the reconcile refuses, and what admission says of it
 * beforehand. Tags of roles, the namespace and other profiles are not looked at.
 */
export function profileProblems(profile: Profile, policy: RolePolicy): readonly ProfileProblem[] {
  const named = isDnsLabel(nameOf(profile)) ? profile : { ...profile, metadata: { ...profile.metadata, name: STAND_IN } };
  return [...identityProblems(profile), ...claimsOf(named, policy, undefined).problems];
}
