import { limitExceeded, noSuchEntity } from '../errors.ts';
import { operation } from '../query/operation.ts';
import { optional, text } from '../query/shape.ts';
import { members } from '../query/xml.ts';
import { findPolicy } from '../store/policies.ts';
import { putRole, type World } from '../world.ts';
import { arn, PAGE, pathPrefix, roleName } from './inputs.ts';
import { page } from './paging.ts';
import { requireRole, roleAccess } from './role-access.ts';

/** How many roles a managed policy is attached to. */
export function attachmentCount(world: World, policyArn: string): number {
  return world.state.roles.values().filter((role) => role.attached.includes(policyArn)).length;
}

const policyContext = ({ PolicyArn }: { readonly PolicyArn: string }) => ({ 'iam:PolicyARN': PolicyArn });

const attachRolePolicy = operation('AttachRolePolicy', { RoleName: roleName, PolicyArn: arn })({
  access: roleAccess('AttachRolePolicy', policyContext),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    const policy = findPolicy(call.world, input.PolicyArn);
    if (policy === undefined) throw noSuchEntity(`Policy ${input.PolicyArn} does not exist or is not attachable.`);
    if (role.attached.includes(policy.arn)) return undefined;
    const quota = call.world.switches.quotas.attachedPolicies;
    if (role.attached.length >= quota) throw limitExceeded(`Cannot exceed quota for PoliciesPerRole: ${quota}`);
    putRole(call, { ...role, attached: [...role.attached, policy.arn] });
    return undefined;
  },
});

const detachRolePolicy = operation('DetachRolePolicy', { RoleName: roleName, PolicyArn: arn })({
  access: roleAccess('DetachRolePolicy', policyContext),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    const attached = role.attached.filter((held) => held.toLowerCase() !== input.PolicyArn.toLowerCase());
    if (attached.length === role.attached.length) throw noSuchEntity(`Policy ${input.PolicyArn} was not found.`);
    putRole(call, { ...role, attached });
    return undefined;
  },
});

const listAttachedRolePolicies = operation('ListAttachedRolePolicies', { RoleName: roleName, PathPrefix: optional(pathPrefix), ...PAGE })({
  access: roleAccess('ListAttachedRolePolicies'),
  run: (input, call) => {
    const attached = requireRole(call, input.RoleName).attached.flatMap((policyArn) => findPolicy(call.world, policyArn) ?? []);
    const listed = attached.filter((policy) => policy.path.startsWith(input.PathPrefix ?? '/'));
    return page(listed, input, {
      key: ({ name, awsManaged }) => `${name.toLowerCase()}/${awsManaged}`,
      member: 'AttachedPolicies',
      view: (policy) => ({ PolicyName: policy.name, PolicyArn: policy.arn }),
    });
  },
});

const listEntitiesForPolicy = operation('ListEntitiesForPolicy', {
  PolicyArn: arn,
  EntityFilter: optional(text({ oneOf: ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'] })),
  PathPrefix: optional(pathPrefix),
  PolicyUsageFilter: optional(text({ oneOf: ['PermissionsPolicy', 'PermissionsBoundary'] })),
  ...PAGE,
})({
  access: (input) => ({ action: 'iam:ListEntitiesForPolicy', resource: input.PolicyArn, shown: `policy ${input.PolicyArn}` }),
  run: (input, { world }) => {
    const policy = findPolicy(world, input.PolicyArn);
    if (policy === undefined) throw noSuchEntity(`Policy ${input.PolicyArn} was not found.`);
    const wanted = input.EntityFilter === undefined || input.EntityFilter === 'Role';
    const roles = world.state.roles.values().filter((role) => {
      const used =
        input.PolicyUsageFilter === 'PermissionsBoundary' ? role.permissionsBoundary === policy.arn : role.attached.includes(policy.arn);
      return wanted && used && role.path.startsWith(input.PathPrefix ?? '/');
    });
    const shown = page(roles, input, {
      key: (role) => role.name.toLowerCase(),
      member: 'PolicyRoles',
      view: (role) => ({ RoleName: role.name, RoleId: role.id }),
    });
    return { ...shown, PolicyGroups: members([]), PolicyUsers: members([]) };
  },
});

/** Managed policies on roles. */
export const ATTACHMENT_OPERATIONS = [attachRolePolicy, detachRolePolicy, listAttachedRolePolicies, listEntitiesForPolicy] as const;
