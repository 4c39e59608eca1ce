import type { XmlObject } from '../query/xml.ts';
import type { RoleRecord } from '../store/records.ts';
import type { World } from '../world.ts';
import { encodeDocument } from './documents.ts';
import { tagsView } from './tags.ts';
import { shownTrust } from './trust-principals.ts';

/** Members that all answers about a role share, in the order of the service model. */
export function roleCore(world: World, role: RoleRecord): XmlObject {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.createDate,
    AssumeRolePolicyDocument: encodeDocument(shownTrust(world, role)),
  };
}

/** A role as CreateRole answers it: live AWS leaves out Description and MaxSessionDuration. */
export function createdRoleView(world: World, role: RoleRecord): XmlObject {
  return { ...roleCore(world, role), ...boundaryView(role), ...(role.tags.length === 0 ? {} : { Tags: tagsView(role.tags) }) };
}

/** A role as GetRole answers it; the sandbox does not track when a role was last used. */
export function fullRoleView(world: World, role: RoleRecord): XmlObject {
  return {
    ...listedRoleView(world, role),
    ...boundaryView(role),
    ...(role.tags.length === 0 ? {} : { Tags: tagsView(role.tags) }),
    RoleLastUsed: '',
  };
}

/** A role in a list, which lacks tags, boundary and last use. */
export function listedRoleView(world: World, role: RoleRecord): XmlObject {
  return { ...roleCore(world, role), Description: role.description, MaxSessionDuration: role.maxSessionDuration };
}

/** The role's permissions boundary, where it has one. */
export function boundaryView(role: RoleRecord): XmlObject {
  if (role.permissionsBoundary === undefined) return {};
  return { PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: role.permissionsBoundary } };
}
