import { policySize } from '../../../iam/policy-size.ts';
import { validateTrustForWrite } from '../../../iam/validate-trust.ts';
import { AwsError, limitExceeded, noSuchEntity } from '../errors.ts';
import { operation } from '../query/operation.ts';
import { optional } from '../query/shape.ts';
import { isoSeconds } from '../query/wire-values.ts';
import { findPolicy } from '../store/policies.ts';
import type { RoleRecord } from '../store/records.ts';
import { uniqueId } from '../store/unique-ids.ts';
import { type Call, iamArn, putRole } from '../world.ts';
import { arn, document, maxSessionDuration, PAGE, path, pathPrefix, roleDescription, roleName, tagKeys, tags } from './inputs.ts';
import { page } from './paging.ts';
import { listAccess, requireRole, roleAccess } from './role-access.ts';
import { createdRoleView, fullRoleView, listedRoleView } from './role-view.ts';
import { mergeTags, newTags, requestTagContext, withoutTags } from './tags.ts';
import { bindPrincipals, principalExists } from './trust-principals.ts';

/** What IAM checks before it stores a trust policy: the grammar, then the quota. */
function checkTrust(call: Call, trust: string): void {
  const { world } = call;
  const valid = validateTrustForWrite(trust, { existingPrincipal: (principal: string) => principalExists(world, principal) });
  if (!valid.ok) throw new AwsError(valid.code, 400, valid.message);
  const quota = world.switches.quotas.trustPolicySize;
  if (quota !== 'off' && policySize(trust) > quota) throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${quota}`);
}

function requireBoundary(call: Call, boundary: string): string {
  if (findPolicy(call.world, boundary) === undefined) throw noSuchEntity(`Policy ${boundary} does not exist or is not attachable.`);
  return boundary;
}

const createRole = operation('CreateRole', {
  RoleName: roleName,
  Path: optional(path),
  AssumeRolePolicyDocument: document,
  Description: optional(roleDescription),
  MaxSessionDuration: optional(maxSessionDuration),
  PermissionsBoundary: optional(arn),
  Tags: tags,
})({
  access: (input, call) => ({
    action: 'iam:CreateRole',
    resource: iamArn(call.world, `role${input.Path ?? '/'}${input.RoleName}`),
    context: {
      ...requestTagContext(input.Tags),
      ...(input.PermissionsBoundary === undefined ? {} : { 'iam:PermissionsBoundary': input.PermissionsBoundary }),
    },
  }),
  run: (input, call) => {
    const { world, now } = call;
    const rolePath = input.Path ?? '/';
    if (rolePath.startsWith('/aws-service-role/'))
      throw new AwsError('InvalidInput', 400, 'Paths starting with /aws-service-role/ are reserved for AWS use.');
    if (world.state.roles.current(input.RoleName.toLowerCase()) !== undefined) {
      throw new AwsError('EntityAlreadyExists', 409, `Role with name ${input.RoleName} already exists.`);
    }
    checkTrust(call, input.AssumeRolePolicyDocument);
    const roleTags = newTags(input.Tags, 'ignore-case');
    const { roles } = world.switches.quotas;
    if (world.state.roles.size >= roles) throw limitExceeded(`Cannot exceed quota for RolesPerAccount: ${roles}`);
    const role: RoleRecord = {
      name: input.RoleName,
      path: rolePath,
      arn: iamArn(world, `role${rolePath}${input.RoleName}`),
      id: uniqueId('AROA', world.newId),
      createDate: isoSeconds(now),
      trust: input.AssumeRolePolicyDocument,
      trustPrincipals: bindPrincipals(world, input.AssumeRolePolicyDocument),
      ...(input.Description === undefined ? {} : { description: input.Description }),
      maxSessionDuration: input.MaxSessionDuration ?? 3600,
      tags: roleTags,
      inline: [],
      attached: [],
      ...(input.PermissionsBoundary === undefined ? {} : { permissionsBoundary: requireBoundary(call, input.PermissionsBoundary) }),
    };
    putRole(call, role);
    return { Role: createdRoleView(world, role) };
  },
});

const getRole = operation('GetRole', { RoleName: roleName })({
  access: roleAccess('GetRole'),
  run: (input, call) => ({ Role: fullRoleView(call.world, requireRole(call, input.RoleName)) }),
});

const listRoles = operation('ListRoles', { PathPrefix: optional(pathPrefix), ...PAGE })({
  access: listAccess('ListRoles', 'role'),
  run: (input, { world }) => {
    const listed = world.state.roles.values().filter((role) => role.path.startsWith(input.PathPrefix ?? '/'));
    return page(listed, input, { key: (role) => role.name.toLowerCase(), member: 'Roles', view: (role) => listedRoleView(world, role) });
  },
});

const updateRole = operation('UpdateRole', {
  RoleName: roleName,
  Description: optional(roleDescription),
  MaxSessionDuration: optional(maxSessionDuration),
})({
  access: roleAccess('UpdateRole'),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    putRole(call, {
      ...role,
      ...(input.Description === undefined ? {} : { description: input.Description }),
      ...(input.MaxSessionDuration === undefined ? {} : { maxSessionDuration: input.MaxSessionDuration }),
    });
    return {};
  },
});

const updateRoleDescription = operation('UpdateRoleDescription', { RoleName: roleName, Description: roleDescription })({
  access: roleAccess('UpdateRoleDescription'),
  run: (input, call) => {
    const role = { ...requireRole(call, input.RoleName), description: input.Description };
    putRole(call, role);
    return { Role: fullRoleView(call.world, role) };
  },
});

const updateAssumeRolePolicy = operation('UpdateAssumeRolePolicy', { RoleName: roleName, PolicyDocument: document })({
  access: roleAccess('UpdateAssumeRolePolicy'),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    checkTrust(call, input.PolicyDocument);
    putRole(call, { ...role, trust: input.PolicyDocument, trustPrincipals: bindPrincipals(call.world, input.PolicyDocument) });
    return undefined;
  },
});

const deleteRole = operation('DeleteRole', { RoleName: roleName })({
  access: roleAccess('DeleteRole'),
  run: (input, call) => {
    const { state, switches } = call.world;
    const role = requireRole(call, input.RoleName);
    const held = [...state.instanceProfiles.values()].some((profile) => profile.roles.includes(role.name));
    const conflict =
      role.attached.length > 0
        ? 'detach all policies'
        : role.inline.length > 0
          ? 'delete policies'
          : held
            ? 'remove roles from instance profile'
            : undefined;
    if (conflict !== undefined) throw new AwsError('DeleteConflict', 409, `Cannot delete entity, must ${conflict} first.`);
    state.roles.set(role.name.toLowerCase(), undefined, { now: call.now, visibleAt: call.now + switches.propagationMs });
    return undefined;
  },
});

const tagRole = operation('TagRole', { RoleName: roleName, Tags: tags })({
  access: roleAccess('TagRole', ({ Tags }: { readonly Tags: readonly { readonly Key: string; readonly Value: string }[] }) =>
    requestTagContext(Tags),
  ),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    putRole(call, { ...role, tags: mergeTags(role.tags, input.Tags, { keys: 'ignore-case', quota: call.world.switches.quotas.tags }) });
    return undefined;
  },
});

const untagRole = operation('UntagRole', { RoleName: roleName, TagKeys: tagKeys })({
  access: roleAccess('UntagRole', ({ TagKeys }: { readonly TagKeys: readonly string[] }) => ({ 'aws:TagKeys': TagKeys })),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    putRole(call, { ...role, tags: withoutTags(role.tags, input.TagKeys, 'ignore-case') });
    return undefined;
  },
});

const listRoleTags = operation('ListRoleTags', { RoleName: roleName, ...PAGE })({
  access: roleAccess('ListRoleTags'),
  run: (input, call) =>
    page(requireRole(call, input.RoleName).tags, input, {
      key: (tag) => tag.key,
      member: 'Tags',
      view: ({ key, value }) => ({ Key: key, Value: value }),
    }),
});

const putRolePermissionsBoundary = operation('PutRolePermissionsBoundary', { RoleName: roleName, PermissionsBoundary: arn })({
  access: roleAccess('PutRolePermissionsBoundary', ({ PermissionsBoundary }: { readonly PermissionsBoundary: string }) => ({
    'iam:PermissionsBoundary': PermissionsBoundary,
  })),
  run: (input, call) => {
    putRole(call, { ...requireRole(call, input.RoleName), permissionsBoundary: requireBoundary(call, input.PermissionsBoundary) });
    return undefined;
  },
});

const deleteRolePermissionsBoundary = operation('DeleteRolePermissionsBoundary', { RoleName: roleName })({
  access: roleAccess('DeleteRolePermissionsBoundary'),
  run: (input, call) => {
    const { permissionsBoundary, ...role } = requireRole(call, input.RoleName);
    if (permissionsBoundary === undefined) throw noSuchEntity(`Role ${role.name} does not have a permissions boundary.`);
    putRole(call, role);
    return undefined;
  },
});

/** Roles themselves: life, trust, tags and boundary. */
export const ROLE_OPERATIONS = [
  createRole,
  getRole,
  listRoles,
  updateRole,
  updateRoleDescription,
  updateAssumeRolePolicy,
  deleteRole,
  tagRole,
  untagRole,
  listRoleTags,
  putRolePermissionsBoundary,
  deleteRolePermissionsBoundary,
] as const;
