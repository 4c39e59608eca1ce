import { operationTable } from '../query/operation.ts';
import type { QueryService } from '../query/query-protocol.ts';
import { ACCOUNT_OPERATIONS } from './account.ts';
import { ATTACHMENT_OPERATIONS } from './attachments.ts';
import { AUTHORIZATION_DETAILS_OPERATIONS } from './authorization-details.ts';
import { INSTANCE_PROFILE_OPERATIONS } from './instance-profiles.ts';
import { POLICY_OPERATIONS } from './managed-policies.ts';
import { PROVIDER_OPERATIONS } from './providers.ts';
import { ROLE_POLICY_OPERATIONS } from './role-policies.ts';
import { ROLE_OPERATIONS } from './roles.ts';

/** AWS IAM, as far as roles, policies, providers and instance profiles go. */
export const IAM: QueryService = {
  name: 'iam',
  version: '2010-05-08',
  namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  operations: operationTable(
    ROLE_OPERATIONS,
    ROLE_POLICY_OPERATIONS,
    ATTACHMENT_OPERATIONS,
    POLICY_OPERATIONS,
    PROVIDER_OPERATIONS,
    INSTANCE_PROFILE_OPERATIONS,
    ACCOUNT_OPERATIONS,
    AUTHORIZATION_DETAILS_OPERATIONS,
  ),
};
