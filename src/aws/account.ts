import { GetAccountSummaryCommand, IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type AwsTarget, abortable, type ExpiringCredentials, sdkOptions } from './client-options.ts';
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

/** One exchange of a service account's token. The call is not signed: the token is the proof. Rejects as above. */
export async function assumeRoleWithWebIdentity(
  target: AwsTarget,
  request: { readonly roleArn: string; readonly sessionName: string; readonly token: string },
  signal?: AbortSignal,
): Promise<ExpiringCredentials> {
  const client = new STSClient(sdkOptions(target));
  const command = new AssumeRoleWithWebIdentityCommand({
    RoleArn: request.roleArn,
    RoleSessionName: request.sessionName,
    WebIdentityToken: request.token,
  });
  const { Credentials: issued } = await awsCall(`sts:AssumeRoleWithWebIdentity ${request.roleArn}`, signal, () =>
    client.send(command, abortable(signal)),
  );
  return {
    accessKeyId: issued?.AccessKeyId ?? '',
    secretAccessKey: issued?.SecretAccessKey ?? '',
    sessionToken: issued?.SessionToken ?? '',
    expiration: issued?.Expiration ?? new Date(0),
  };
}
