import { noSuchEntity, validationError } from '../errors.ts';
import { operation } from '../query/operation.ts';
import { optional, text } from '../query/shape.ts';
import { members } from '../query/xml.ts';
import { iamArn } from '../world.ts';
import { PAGE } from './inputs.ts';
import { accountAccess } from './role-access.ts';

const getAccountSummary = operation(
  'GetAccountSummary',
  {},
)({
  access: accountAccess('GetAccountSummary'),
  run: (_input, { world }) => {
    const { state, switches } = world;
    const { quotas } = switches;
    const trust = quotas.trustPolicySize === 'off' ? 131_072 : quotas.trustPolicySize;
    const summary: Readonly<Record<string, number>> = {
      AccountMFAEnabled: 0,
      AssumeRolePolicySizeQuota: trust,
      AttachedPoliciesPerRoleQuota: quotas.attachedPolicies,
      InstanceProfiles: state.instanceProfiles.size,
      InstanceProfilesQuota: quotas.instanceProfiles,
      Policies: state.policies.size,
      PoliciesQuota: quotas.policies,
      PolicySizeQuota: quotas.managedPolicySize,
      Providers: state.providers.size,
      Roles: state.roles.size,
      RolePolicySizeQuota: quotas.inlinePolicySize,
      RolesQuota: quotas.roles,
      Users: 1,
      VersionsPerPolicyQuota: quotas.policyVersions,
    };
    return { SummaryMap: { entry: Object.entries(summary).map(([key, value]) => ({ key, value })) } };
  },
});

const listAccountAliases = operation('ListAccountAliases', { ...PAGE })({
  access: accountAccess('ListAccountAliases'),
  run: () => ({ IsTruncated: false, AccountAliases: members([]) }),
});

const getUser = operation('GetUser', { UserName: optional(text({ min: 1, max: 128, pattern: '[\\w+=,.@-]+' })) })({
  access: (input, call) => ({
    action: 'iam:GetUser',
    resource: iamArn(call.world, `user/${input.UserName ?? ''}`),
    shown: `user ${input.UserName ?? ''}`,
  }),
  run: (input, { caller, world }) => {
    if (caller.kind === 'session' && input.UserName === undefined)
      throw validationError('Must specify userName when calling with non-User credentials');
    if (caller.kind !== 'admin' || (input.UserName !== undefined && input.UserName !== caller.userName)) {
      throw noSuchEntity(`The user with name ${input.UserName ?? ''} cannot be found.`);
    }
    return { User: { Path: '/', UserName: caller.userName, UserId: caller.userId, Arn: caller.arn, CreateDate: world.createdAt } };
  },
});

/** The account itself and its administrator. */
export const ACCOUNT_OPERATIONS = [getAccountSummary, listAccountAliases, getUser] as const;
