import { type CredentialCode, CredentialsUnavailable } from '../errors.ts';
import type { RoleStep } from '../options.ts';
import type { StsEndpoint } from '../sts-endpoint.ts';
import type { AwsAccess } from './ask-aws.ts';
import type { RefreshingCredentials } from './refreshing-credentials.ts';
import type { Attempt, CredentialSource } from './source.ts';
import { askSts, FORM } from './sts-exchange.ts';

export interface AssumedRole {
  readonly step: RoleStep;
  readonly sessionName: string;
  readonly endpoint: StsEndpoint;
  readonly before: RefreshingCredentials;
}

/** A role assumed with the credentials of the step before, which are shared and refreshed on their own: `sts:AssumeRole`. */
export function assumedRoleSource({ step, sessionName, endpoint, before }: AssumedRole, access: AwsAccess): CredentialSource {
  return {
    kind: 'assumed-role',
    roleArn: step.roleArn,
    attempt: async ({ background }, signal): Promise<Attempt> => {
      let keys: Awaited<ReturnType<RefreshingCredentials['get']>>;
      try {
        keys = await before.get();
      } catch (error) {
        if (!(error instanceof CredentialsUnavailable)) throw error;
        const { code, message, hint, cause } = error;
        return {
          ok: false,
          identity: undefined,
          failure: {
            code: code as CredentialCode,
            message,
            retry: 'backoff',
            sent: false,
            ...(hint === undefined ? {} : { hint }),
            ...(cause === undefined ? {} : { cause }),
          },
        };
      }
      const result = await askSts(
        {
          action: 'AssumeRole',
          parameters: {
            RoleArn: step.roleArn,
            RoleSessionName: step.sessionName ?? sessionName,
            ...(step.externalId === undefined ? {} : { ExternalId: step.externalId }),
            ...(step.durationSeconds === undefined ? {} : { DurationSeconds: String(step.durationSeconds) }),
          },
          endpoint,
          sign: async (body) => {
            const { signPost } = await import('./sigv4.ts');
            const at = new Date(access.clock.now().getTime() + before.skewMs);
            return signPost({ url: endpoint.url, region: endpoint.region, service: 'sts', contentType: FORM, body, at }, keys);
          },
          secrets: [keys.secretAccessKey, keys.sessionToken],
          background,
        },
        access,
        signal,
      );
      return { ...result, identity: before.identity };
    },
  };
}
