import type { Session } from '../sigv4/session-seal.ts';
import { findPolicy } from '../store/policies.ts';
import type { NamedDocument, RoleRecord } from '../store/records.ts';
import type { World } from '../world.ts';

/** The role a session was made for, unless it is gone or was made again since: then the session has no permissions left. */
export function sessionRole(world: World, session: Session): RoleRecord | undefined {
  const role = world.state.roles.current(session.roleName.toLowerCase());
  return role?.id === session.roleId ? role : undefined;
}

function managed(world: World, arns: readonly string[]): readonly NamedDocument[] {
  return arns.flatMap((arn) => {
    const policy = findPolicy(world, arn);
    const version = policy?.versions.find(({ id }) => id === policy.defaultVersion);
    return version === undefined ? [] : [{ name: arn, document: version.document }];
  });
}

/** Inline and attached policies of the session's role. */
export function rolePolicies(world: World, session: Session): readonly NamedDocument[] {
  const role = sessionRole(world, session);
  return role === undefined ? [] : [...role.inline, ...managed(world, role.attached)];
}

/** The policies that the session was narrowed with when it was made; undefined when there were none. */
export function sessionPolicies(world: World, session: Session): readonly NamedDocument[] | undefined {
  if (session.policy === undefined && session.policyArns.length === 0) return undefined;
  const inline = session.policy === undefined ? [] : [{ name: 'session policy', document: session.policy }];
  return [...inline, ...managed(world, session.policyArns)];
}

/** The role's permissions boundary; undefined when it has none. */
export function boundaryDocument(world: World, session: Session): readonly NamedDocument[] | undefined {
  const boundary = sessionRole(world, session)?.permissionsBoundary;
  return boundary === undefined ? undefined : managed(world, [boundary]);
}
