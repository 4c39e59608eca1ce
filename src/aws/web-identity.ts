import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type AwsTarget, abortable, type ExpiringCredentials, sdkOptions } from './client-options.ts';
import { awsCall } from './errors.ts';

export interface WebIdentityRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly token: string;
  /** Default: AWS's, 3600. */
  readonly durationSeconds?: number | undefined;
}

/** Whom a token was exchanged into. */
export interface WebIdentitySession {
  /** `arn:aws:sts::…:assumed-role/ROLE/SESSION`. */
  readonly arn: string;
  readonly subject: string;
  readonly audience: string;
  /** The provider, as STS names it. */
  readonly provider: string;
  readonly credentials: ExpiringCredentials;
}

/** One `sts:AssumeRoleWithWebIdentity`, tried once, unsigned: the token is the proof. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export async function exchangeWebIdentity(
  target: AwsTarget,
  request: WebIdentityRequest,
  signal?: AbortSignal,
): Promise<WebIdentitySession> {
  const client = new STSClient(sdkOptions({ ...target, maxAttempts: 1 }));
  const command = new AssumeRoleWithWebIdentityCommand({
    RoleArn: request.roleArn,
    RoleSessionName: request.sessionName,
    WebIdentityToken: request.token,
    ...(request.durationSeconds === undefined ? {} : { DurationSeconds: request.durationSeconds }),
  });
  const answer = await awsCall(`sts:AssumeRoleWithWebIdentity ${request.roleArn}`, signal, () => client.send(command, abortable(signal)));
  return {
    arn: answer.AssumedRoleUser?.Arn ?? '',
    subject: answer.SubjectFromWebIdentityToken ?? '',
    audience: answer.Audience ?? '',
    provider: answer.Provider ?? '',
    credentials: {
      accessKeyId: answer.Credentials?.AccessKeyId ?? '',
      secretAccessKey: answer.Credentials?.SecretAccessKey ?? '',
      sessionToken: answer.Credentials?.SessionToken ?? '',
      expiration: answer.Credentials?.Expiration ?? new Date(0),
    },
  };
}
