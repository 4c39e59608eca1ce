import {
  CreateRoleCommand,
  DeleteRoleCommand,
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  type Role,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { type AwsTarget, abortable, sdkOptions } from './client-options.ts';
import { awsCall, isAbsent } from './errors.ts';
import { allPages } from './pages.ts';

/** A role as IAM tells it; `trustPolicy` is the decoded JSON text, to the letter. */
export interface IamRole {
  readonly name: string;
  readonly arn: string;
  /** Unique per incarnation: a role deleted and made again has another. */
  readonly id: string;
  readonly trustPolicy: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface NewRole {
  readonly name: string;
  readonly trustPolicy: string;
  readonly description?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The roles of one account. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export interface IamRoles {
  /** `undefined` when there is no such role. */
  get(name: string, signal?: AbortSignal): Promise<IamRole | undefined>;
  create(role: NewRole, signal?: AbortSignal): Promise<IamRole>;
  /** Every role of the account, all pages. IAM leaves tags out here. */
  list(signal?: AbortSignal): Promise<readonly IamRole[]>;
  /** Replaces the whole trust policy; the last writer wins, IAM has no precondition. */
  updateTrustPolicy(name: string, document: string, signal?: AbortSignal): Promise<void>;
  tag(name: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
  /** Refused with `DeleteConflict` while policies are attached. */
  delete(name: string, signal?: AbortSignal): Promise<void>;
  /** Names of the inline policies and ARNs of the attached ones, all pages. */
  policiesOf(name: string, signal?: AbortSignal): Promise<{ readonly inline: readonly string[]; readonly attached: readonly string[] }>;
}

export const tagList = (tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export const tagRecord = (
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Readonly<Record<string, string>> => Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']));

function fromSdk(role: Role | undefined): IamRole {
  return {
    name: role?.RoleName ?? '',
    arn: role?.Arn ?? '',
    id: role?.RoleId ?? '',
    // IAM percent-encodes documents by RFC 3986 and the SDK hands them on as they came.
    trustPolicy: decodeURIComponent(role?.AssumeRolePolicyDocument ?? ''),
    tags: tagRecord(role?.Tags),
  };
}

export function createIamRoles(target: AwsTarget): IamRoles {
  const client = new IAMClient(sdkOptions(target));
  const get = async (name: string, signal?: AbortSignal): Promise<IamRole | undefined> => {
    try {
      const answer = await awsCall(`iam:GetRole ${name}`, signal, () =>
        client.send(new GetRoleCommand({ RoleName: name }), abortable(signal)),
      );
      return fromSdk(answer.Role);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  };
  return {
    get,
    create: async (role, signal) => {
      const command = new CreateRoleCommand({
        RoleName: role.name,
        AssumeRolePolicyDocument: role.trustPolicy,
        Tags: tagList(role.tags),
        ...(role.description === undefined ? {} : { Description: role.description }),
      });
      const answer = await awsCall(`iam:CreateRole ${role.name}`, signal, () => client.send(command, abortable(signal)));
      return fromSdk(answer.Role);
    },
    list: (signal) =>
      allPages(async (marker) => {
        const command = new ListRolesCommand({ MaxItems: 1000, ...marker });
        const page = await awsCall('iam:ListRoles', signal, () => client.send(command, abortable(signal)));
        return { items: (page.Roles ?? []).map(fromSdk), next: page.IsTruncated ? page.Marker : undefined };
      }),
    updateTrustPolicy: async (name, document, signal) => {
      const command = new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: document });
      await awsCall(`iam:UpdateAssumeRolePolicy ${name}`, signal, () => client.send(command, abortable(signal)));
    },
    tag: async (name, tags, signal) => {
      const command = new TagRoleCommand({ RoleName: name, Tags: tagList(tags) });
      await awsCall(`iam:TagRole ${name}`, signal, () => client.send(command, abortable(signal)));
    },
    delete: async (name, signal) => {
      await awsCall(`iam:DeleteRole ${name}`, signal, () => client.send(new DeleteRoleCommand({ RoleName: name }), abortable(signal)));
    },
    policiesOf: async (name, signal) => {
      const inline = await allPages(async (Marker) => {
        const command = new ListRolePoliciesCommand({ RoleName: name, ...Marker });
        const page = await awsCall(`iam:ListRolePolicies ${name}`, signal, () => client.send(command, abortable(signal)));
        return { items: page.PolicyNames ?? [], next: page.IsTruncated ? page.Marker : undefined };
      });
      const attached = await allPages(async (Marker) => {
        const command = new ListAttachedRolePoliciesCommand({ RoleName: name, ...Marker });
        const page = await awsCall(`iam:ListAttachedRolePolicies ${name}`, signal, () => client.send(command, abortable(signal)));
        return {
          items: (page.AttachedPolicies ?? []).map((policy) => policy.PolicyArn ?? ''),
          next: page.IsTruncated ? page.Marker : undefined,
        };
      });
      return { inline, attached };
    },
  };
}
