import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { type AwsTarget, abortable, sdkOptions } from './client-options.ts';
import { awsCall, isAbsent } from './errors.ts';
import { tagList, tagRecord } from './iam-roles.ts';

/** An OIDC provider as IAM tells it. */
export interface IamProvider {
  readonly arn: string;
  /** The issuer, with its scheme (IAM answers without). */
  readonly issuer: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/** The OIDC providers of one account. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export interface IamProviders {
  get(arn: string, signal?: AbortSignal): Promise<IamProvider | undefined>;
  /** Answers the ARN. Without thumbprints: IAM finds them itself, and does not need them for an issuer with a public CA. */
  create(
    provider: {
      readonly issuer: string;
      readonly clientIds: readonly string[];
      readonly thumbprints?: readonly string[];
      readonly tags: Readonly<Record<string, string>>;
    },
    signal?: AbortSignal,
  ): Promise<string>;
  addClientId(arn: string, clientId: string, signal?: AbortSignal): Promise<void>;
  delete(arn: string, signal?: AbortSignal): Promise<void>;
}

export function createIamProviders(target: AwsTarget): IamProviders {
  const client = new IAMClient(sdkOptions(target));
  return {
    get: async (arn, signal) => {
      try {
        const command = new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn });
        const answer = await awsCall(`iam:GetOpenIDConnectProvider ${arn}`, signal, () => client.send(command, abortable(signal)));
        return {
          arn,
          issuer: `https://${answer.Url ?? ''}`,
          clientIds: answer.ClientIDList ?? [],
          thumbprints: answer.ThumbprintList ?? [],
          tags: tagRecord(answer.Tags),
        };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    create: async (provider, signal) => {
      const command = new CreateOpenIDConnectProviderCommand({
        Url: provider.issuer,
        ClientIDList: [...provider.clientIds],
        Tags: tagList(provider.tags),
        ...(provider.thumbprints === undefined ? {} : { ThumbprintList: [...provider.thumbprints] }),
      });
      const answer = await awsCall(`iam:CreateOpenIDConnectProvider ${provider.issuer}`, signal, () =>
        client.send(command, abortable(signal)),
      );
      return answer.OpenIDConnectProviderArn ?? '';
    },
    addClientId: async (arn, clientId, signal) => {
      const command = new AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn, ClientID: clientId });
      await awsCall(`iam:AddClientIDToOpenIDConnectProvider ${arn}`, signal, () => client.send(command, abortable(signal)));
    },
    delete: async (arn, signal) => {
      const command = new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn });
      await awsCall(`iam:DeleteOpenIDConnectProvider ${arn}`, signal, () => client.send(command, abortable(signal)));
    },
  };
}
