import { operation } from '../query/operation.ts';

/** Who signed; needs no permission and cannot be denied (STS: GetCallerIdentity). */
export const getCallerIdentity = operation(
  'GetCallerIdentity',
  {},
)({
  access: 'signed',
  run: (_input, { caller, world }) =>
    caller.kind === 'anonymous' ? {} : { Arn: caller.arn, UserId: caller.userId, Account: world.account },
});
