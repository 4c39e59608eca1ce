import {
  AttachRolePolicyCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { type AwsTarget, abortable, sdkOptions } from './client-options.ts';
import { awsCall, isAbsent } from './errors.ts';
import { allPages } from './pages.ts';

/** The permission policies of roles. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export interface IamPolicies {
  /** The inline policy's JSON text, or `undefined`. */
  getInline(role: string, policy: string, signal?: AbortSignal): Promise<string | undefined>;
  putInline(role: string, policy: string, document: string, signal?: AbortSignal): Promise<void>;
  deleteInline(role: string, policy: string, signal?: AbortSignal): Promise<void>;
  attach(role: string, policyArn: string, signal?: AbortSignal): Promise<void>;
  detach(role: string, policyArn: string, signal?: AbortSignal): Promise<void>;
  /** Names of the inline policies, all pages; `undefined` when there is no such role. */
  inlineNames(role: string, signal?: AbortSignal): Promise<readonly string[] | undefined>;
  /** ARNs of the attached policies, all pages; `undefined` when there is no such role. */
  attachedArns(role: string, signal?: AbortSignal): Promise<readonly string[] | undefined>;
}

export function createIamPolicies(target: AwsTarget): IamPolicies {
  const client = new IAMClient(sdkOptions(target));
  return {
    getInline: (role, policy, signal) =>
      ofExisting(async () => {
        const command = new GetRolePolicyCommand({ RoleName: role, PolicyName: policy });
        const answer = await awsCall(`iam:GetRolePolicy ${role}/${policy}`, signal, () => client.send(command, abortable(signal)));
        return decodeURIComponent(answer.PolicyDocument ?? '');
      }),
    putInline: async (role, policy, document, signal) => {
      const command = new PutRolePolicyCommand({ RoleName: role, PolicyName: policy, PolicyDocument: document });
      await awsCall(`iam:PutRolePolicy ${role}/${policy}`, signal, () => client.send(command, abortable(signal)));
    },
    deleteInline: async (role, policy, signal) => {
      const command = new DeleteRolePolicyCommand({ RoleName: role, PolicyName: policy });
      await awsCall(`iam:DeleteRolePolicy ${role}/${policy}`, signal, () => client.send(command, abortable(signal)));
    },
    attach: async (role, policyArn, signal) => {
      const command = new AttachRolePolicyCommand({ RoleName: role, PolicyArn: policyArn });
      await awsCall(`iam:AttachRolePolicy ${role} ${policyArn}`, signal, () => client.send(command, abortable(signal)));
    },
    detach: async (role, policyArn, signal) => {
      const command = new DetachRolePolicyCommand({ RoleName: role, PolicyArn: policyArn });
      await awsCall(`iam:DetachRolePolicy ${role} ${policyArn}`, signal, () => client.send(command, abortable(signal)));
    },
    inlineNames: (role, signal) =>
      ofExisting(() =>
        allPages(async (marker) => {
          const command = new ListRolePoliciesCommand({ RoleName: role, ...marker });
          const page = await awsCall(`iam:ListRolePolicies ${role}`, signal, () => client.send(command, abortable(signal)));
          return { items: page.PolicyNames ?? [], next: page.IsTruncated ? page.Marker : undefined };
        }),
      ),
    attachedArns: (role, signal) =>
      ofExisting(() =>
        allPages(async (marker) => {
          const command = new ListAttachedRolePoliciesCommand({ RoleName: role, ...marker });
          const page = await awsCall(`iam:ListAttachedRolePolicies ${role}`, signal, () => client.send(command, abortable(signal)));
          const items = (page.AttachedPolicies ?? []).map((policy) => policy.PolicyArn ?? '');
          return { items, next: page.IsTruncated ? page.Marker : undefined };
        }),
      ),
  };
}

async function ofExisting<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
