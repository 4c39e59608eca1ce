import type { StsEndpoint } from '../sts-endpoint.ts';
import type { AwsAccess } from './ask-aws.ts';
import { sessionNameFrom } from './session-name.ts';
import type { Attempt, CredentialSource } from './source.ts';
import { askSts } from './sts-exchange.ts';
import { readTokenFile } from './token-file.ts';

export interface WebIdentity {
  readonly roleArn: string;
  readonly tokenFile: string;
  readonly audience: string | undefined;
  readonly endpoint: StsEndpoint;
  readonly sessionName: string | undefined;
  readonly durationSeconds: number | undefined;
}

/** The service account's token for the role's credentials: `sts:AssumeRoleWithWebIdentity`. */
export function webIdentitySource(identity: WebIdentity, access: AwsAccess): CredentialSource {
  let skewMs = 0;
  return {
    kind: 'web-identity',
    roleArn: identity.roleArn,
    attempt: async ({ background, notice }, signal): Promise<Attempt> => {
      const { tokenFile: file, audience } = identity;
      const token = await readTokenFile({ file, audience, clock: access.clock, skewMs }, signal);
      if (!token.ok) return token;
      if (token.problem !== undefined)
        notice({ type: 'token-undecodable', file, message: `token in ${file} cannot be read, it is sent as it is: ${token.problem}` });
      if (token.staleSince !== undefined) notice({ type: 'token-stale', file, expired: token.staleSince });
      const result = await askSts(
        {
          action: 'AssumeRoleWithWebIdentity',
          parameters: {
            RoleArn: identity.roleArn,
            RoleSessionName: identity.sessionName ?? sessionNameFrom(token.claims?.ownName),
            WebIdentityToken: token.text,
            ...(identity.durationSeconds === undefined ? {} : { DurationSeconds: String(identity.durationSeconds) }),
          },
          endpoint: identity.endpoint,
          secrets: [token.text],
          background,
        },
        access,
        signal,
      );
      const whose = token.claims?.identity;
      if (result.ok) {
        skewMs = result.skewMs;
        return { ...result, identity: whose };
      }
      const { failure } = result;
      if (failure.awsCode !== 'AccessDenied') return { ok: false, failure, identity: whose };
      const hint = `the role does not exist, or its trust policy does not admit ${token.claims?.subject ?? 'this token'} with the audience ${token.claims?.audiences.join(' ') ?? 'it has'}; changes take effect after up to 12 s`;
      return { ok: false, failure: { ...failure, hint }, identity: whose };
    },
  };
}
