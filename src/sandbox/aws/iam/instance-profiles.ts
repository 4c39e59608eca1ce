import type { Permission } from '../access/permission.ts';
import { AwsError, limitExceeded, noSuchEntity } from '../errors.ts';
import { operation } from '../query/operation.ts';
import { optional } from '../query/shape.ts';
import { isoSeconds } from '../query/wire-values.ts';
import { members, type XmlObject } from '../query/xml.ts';
import type { InstanceProfileRecord } from '../store/records.ts';
import { uniqueId } from '../store/unique-ids.ts';
import { type Call, iamArn, type World } from '../world.ts';
import { instanceProfileName, PAGE, path, pathPrefix, roleName, tags } from './inputs.ts';
import { page } from './paging.ts';
import { listAccess, requireRole, roleAccess } from './role-access.ts';
import { listedRoleView } from './role-view.ts';
import { newTags, requestTagContext, tagsView } from './tags.ts';

function profileAccess(action: string) {
  return (input: { readonly InstanceProfileName: string }, call: Call): Permission => ({
    action: `iam:${action}`,
    resource:
      call.world.state.instanceProfiles.get(input.InstanceProfileName.toLowerCase())?.arn ??
      iamArn(call.world, `instance-profile/${input.InstanceProfileName}`),
    shown: `instance profile ${input.InstanceProfileName}`,
  });
}

function requireProfile(call: Call, name: string): InstanceProfileRecord {
  const profile = call.world.state.instanceProfiles.get(name.toLowerCase());
  if (profile === undefined) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
  return profile;
}

function put(call: Call, profile: InstanceProfileRecord): void {
  call.world.state.instanceProfiles.set(profile.name.toLowerCase(), profile);
}

/** An instance profile with its role, as answers show it. */
export function instanceProfileView(world: World, profile: InstanceProfileRecord): XmlObject {
  const roles = profile.roles.flatMap((name) => world.state.roles.current(name.toLowerCase()) ?? []);
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: profile.createDate,
    Roles: members(roles.map((role) => listedRoleView(world, role))),
  };
}

const createInstanceProfile = operation('CreateInstanceProfile', {
  InstanceProfileName: instanceProfileName,
  Path: optional(path),
  Tags: tags,
})({
  access: (input, call) => ({
    action: 'iam:CreateInstanceProfile',
    resource: iamArn(call.world, `instance-profile${input.Path ?? '/'}${input.InstanceProfileName}`),
    context: requestTagContext(input.Tags),
  }),
  run: (input, call) => {
    const { world, now } = call;
    const { instanceProfiles } = world.state;
    if (instanceProfiles.has(input.InstanceProfileName.toLowerCase())) {
      throw new AwsError('EntityAlreadyExists', 409, `Instance Profile ${input.InstanceProfileName} already exists.`);
    }
    const quota = world.switches.quotas.instanceProfiles;
    if (instanceProfiles.size >= quota) throw limitExceeded(`Cannot exceed quota for InstanceProfilesPerAccount: ${quota}`);
    const profilePath = input.Path ?? '/';
    const profile: InstanceProfileRecord = {
      name: input.InstanceProfileName,
      path: profilePath,
      arn: iamArn(world, `instance-profile${profilePath}${input.InstanceProfileName}`),
      id: uniqueId('AIPA', world.newId),
      createDate: isoSeconds(now),
      roles: [],
      tags: newTags(input.Tags, 'ignore-case'),
    };
    put(call, profile);
    return {
      InstanceProfile: { ...instanceProfileView(world, profile), ...(profile.tags.length === 0 ? {} : { Tags: tagsView(profile.tags) }) },
    };
  },
});

const getInstanceProfile = operation('GetInstanceProfile', { InstanceProfileName: instanceProfileName })({
  access: profileAccess('GetInstanceProfile'),
  run: (input, call) => {
    const profile = requireProfile(call, input.InstanceProfileName);
    return { InstanceProfile: { ...instanceProfileView(call.world, profile), Tags: tagsView(profile.tags) } };
  },
});

const listInstanceProfiles = operation('ListInstanceProfiles', { PathPrefix: optional(pathPrefix), ...PAGE })({
  access: listAccess('ListInstanceProfiles', 'instance-profile'),
  run: (input, { world }) => {
    const listed = [...world.state.instanceProfiles.values()].filter((profile) => profile.path.startsWith(input.PathPrefix ?? '/'));
    return page(listed, input, {
      key: ({ name }) => name.toLowerCase(),
      member: 'InstanceProfiles',
      view: (profile) => instanceProfileView(world, profile),
    });
  },
});

const deleteInstanceProfile = operation('DeleteInstanceProfile', { InstanceProfileName: instanceProfileName })({
  access: profileAccess('DeleteInstanceProfile'),
  run: (input, call) => {
    const profile = requireProfile(call, input.InstanceProfileName);
    if (profile.roles.length > 0)
      throw new AwsError('DeleteConflict', 409, 'Cannot delete entity, must remove roles from instance profile first.');
    call.world.state.instanceProfiles.delete(profile.name.toLowerCase());
    return undefined;
  },
});

const addRoleToInstanceProfile = operation('AddRoleToInstanceProfile', { InstanceProfileName: instanceProfileName, RoleName: roleName })({
  access: profileAccess('AddRoleToInstanceProfile'),
  run: (input, call) => {
    const profile = requireProfile(call, input.InstanceProfileName);
    const role = requireRole(call, input.RoleName);
    if (profile.roles.length > 0) throw limitExceeded('Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1');
    put(call, { ...profile, roles: [role.name] });
    return undefined;
  },
});

const removeRoleFromInstanceProfile = operation('RemoveRoleFromInstanceProfile', {
  InstanceProfileName: instanceProfileName,
  RoleName: roleName,
})({
  access: profileAccess('RemoveRoleFromInstanceProfile'),
  run: (input, call) => {
    const profile = requireProfile(call, input.InstanceProfileName);
    const role = requireRole(call, input.RoleName);
    if (!profile.roles.includes(role.name)) throw noSuchEntity(`Role ${role.name} in instance profile ${profile.name} cannot be found.`);
    put(call, { ...profile, roles: [] });
    return undefined;
  },
});

const listInstanceProfilesForRole = operation('ListInstanceProfilesForRole', { RoleName: roleName, ...PAGE })({
  access: roleAccess('ListInstanceProfilesForRole'),
  run: (input, call) => {
    const role = requireRole(call, input.RoleName);
    const holding = [...call.world.state.instanceProfiles.values()].filter((profile) => profile.roles.includes(role.name));
    return page(holding, input, {
      key: ({ name }) => name.toLowerCase(),
      member: 'InstanceProfiles',
      view: (profile) => instanceProfileView(call.world, profile),
    });
  },
});

/** Instance profiles, which hold a role and keep it from being deleted. */
export const INSTANCE_PROFILE_OPERATIONS = [
  createInstanceProfile,
  getInstanceProfile,
  listInstanceProfiles,
  deleteInstanceProfile,
  addRoleToInstanceProfile,
  removeRoleFromInstanceProfile,
  listInstanceProfilesForRole,
] as const;
