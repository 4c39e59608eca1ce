import { operationTable } from '../query/operation.ts';
import type { QueryService } from '../query/query-protocol.ts';
import { assumeRole } from './assume-role.ts';
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity.ts';
import { getCallerIdentity } from './get-caller-identity.ts';

/** AWS STS. */
export const STS: QueryService = {
  name: 'sts',
  version: '2011-06-15',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  operations: operationTable([assumeRoleWithWebIdentity, assumeRole, getCallerIdentity]),
};
