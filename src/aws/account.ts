import { GetAccountSummaryCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type AwsTarget, abortable, sdkOptions } from './client-options.ts';
import { awsCall } from './errors.ts';

/** Whom the credentials stand for. */
export interface CallerIdentity {
  readonly account: string;
  readonly arn: string;
}

/** `sts:GetCallerIdentity`, which needs no permission. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export async function callerIdentity(target: AwsTarget, signal?: AbortSignal): Promise<CallerIdentity> {
  const client = new STSClient(sdkOptions(target));
  const answer = await awsCall('sts:GetCallerIdentity', signal, () => client.send(new GetCallerIdentityCommand({}), abortable(signal)));
  return { account: answer.Account ?? '', arn: answer.Arn ?? '' };
}

/** The account's quota for a role's trust policy in characters, or `undefined` where IAM does not tell. Rejects as above. */
export async function trustPolicyQuota(target: AwsTarget, signal?: AbortSignal): Promise<number | undefined> {
  const client = new IAMClient(sdkOptions(target));
  const answer = await awsCall('iam:GetAccountSummary', signal, () => client.send(new GetAccountSummaryCommand({}), abortable(signal)));
  return answer.SummaryMap?.AssumeRolePolicySizeQuota;
}
