import type { Permission, PermissionContext } from '../access/permission.ts';
import { noSuchEntity } from '../errors.ts';
import type { RoleRecord } from '../store/records.ts';
import { type Call, iamArn } from '../world.ts';
import { resourceTagContext } from './tags.ts';

/** The role of this name, whatever its case; `NoSuchEntity` when there is none. */
export function requireRole(call: Call, name: string): RoleRecord {
  const role = call.world.state.roles.current(name.toLowerCase());
  if (role === undefined) throw noSuchEntity(`The role with name ${name} cannot be found.`);
  return role;
}

/** Permission to act on an existing role. AWS's denial names such a role by its name, and a caller learns nothing of roles that do not exist. */
export function roleAccess(action: string, context: (input: never) => PermissionContext = () => ({})) {
  return (input: { readonly RoleName: string }, call: Call): Permission => {
    const role = call.world.state.roles.current(input.RoleName.toLowerCase());
    return {
      action: `iam:${action}`,
      resource: role?.arn ?? iamArn(call.world, `role/${input.RoleName}`),
      shown: `role ${input.RoleName}`,
      context: { ...resourceTagContext(role?.tags ?? []), ...context(input as never) },
    };
  };
}

/** Permission to list: AWS judges it on the path that is listed. */
export function listAccess(action: string, kind: string) {
  return (input: { readonly PathPrefix: string | undefined }, call: Call): Permission => ({
    action: `iam:${action}`,
    resource: iamArn(call.world, `${kind}${input.PathPrefix ?? '/'}`),
  });
}

/** Permission for an action that has no resource. */
export function accountAccess(action: string) {
  return (): Permission => ({ action: `iam:${action}`, resource: '*' });
}
