import {
  AttachRolePolicyCommand,
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { type AwsTarget, abortable, sdkOptions } from './client-options.ts';
import { awsCall, isAbsent } from './errors.ts';

/** The permission policies of roles. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export interface IamPolicies {
  /** The inline policy's JSON text, or `undefined`. */
  getInline(role: string, policy: string, signal?: AbortSignal): Promise<string | undefined>;
  putInline(role: string, policy: string, document: string, signal?: AbortSignal): Promise<void>;
  deleteInline(role: string, policy: string, signal?: AbortSignal): Promise<void>;
  attach(role: string, policyArn: string, signal?: AbortSignal): Promise<void>;
}

export function createIamPolicies(target: AwsTarget): IamPolicies {
  const client = new IAMClient(sdkOptions(target));
  return {
    getInline: async (role, policy, signal) => {
      try {
        const command = new GetRolePolicyCommand({ RoleName: role, PolicyName: policy });
        const answer = await awsCall(`iam:GetRolePolicy ${role}/${policy}`, signal, () => client.send(command, abortable(signal)));
        return decodeURIComponent(answer.PolicyDocument ?? '');
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
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
  };
}
