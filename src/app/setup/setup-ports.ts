import { callerIdentity } from '../../aws/account.ts';
import type { AwsTarget } from '../../aws/client-options.ts';
import { describeCluster } from '../../aws/eks-clusters.ts';
import { isAbsent, isTaken } from '../../aws/errors.ts';
import { createIamPolicies } from '../../aws/iam-policies.ts';
import { createIamProviders } from '../../aws/iam-providers.ts';
import { createIamRoles } from '../../aws/iam-roles.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { Created, Deleted, SetupAws, SetupPorts, Written } from '../../setup/ports.ts';
import { setupKube } from './setup-kube.ts';

/** Setup's ports over the AWS and Kubernetes wires. */
export function setupPorts(target: AwsTarget, kube: KubeClient): SetupPorts {
  return { aws: setupAws(target), kube: setupKube(kube) };
}

/** What setup asks of AWS, over its wires. */
export function setupAws(target: AwsTarget): SetupAws {
  const roles = createIamRoles(target);
  const providers = createIamProviders(target);
  const policies = createIamPolicies(target);
  return {
    identity: (signal) => callerIdentity(target, signal),
    cluster: (name, signal) => describeCluster(target, name, signal),
    provider: (arn, signal) => providers.get(arn, signal),
    role: (name, signal) => roles.get(name, signal),
    inlinePolicies: (role, signal) => policies.inlineNames(role, signal),
    inlinePolicy: (role, policy, signal) => policies.getInline(role, policy, signal),
    attachedPolicies: (role, signal) => policies.attachedArns(role, signal),
    roles: (signal) => roles.list(signal),
    createProvider: ({ issuer, clientIds, thumbprints, tags }, signal) =>
      created(() => providers.create({ issuer, clientIds, tags, ...(thumbprints.length === 0 ? {} : { thumbprints }) }, signal)),
    addClientId: (arn, clientId, signal) => written(() => providers.addClientId(arn, clientId, signal)),
    deleteProvider: (arn, signal) => deleted(() => providers.delete(arn, signal)),
    createRole: (role, signal) => created(() => roles.create(role, signal)),
    tagRole: (role, tags, signal) => written(() => roles.tag(role, tags, signal)),
    updateTrustPolicy: (role, document, signal) => written(() => roles.updateTrustPolicy(role, document, signal)),
    putInlinePolicy: (role, policy, document, signal) => written(() => policies.putInline(role, policy, document, signal)),
    deleteInlinePolicy: (role, policy, signal) => deleted(() => policies.deleteInline(role, policy, signal)),
    detachPolicy: (role, policyArn, signal) => deleted(() => policies.detach(role, policyArn, signal)),
    deleteRole: (role, signal) => deleted(() => roles.delete(role, signal)),
  };
}

async function created(write: () => Promise<unknown>): Promise<Created> {
  try {
    await write();
    return 'created';
  } catch (error) {
    if (isTaken(error)) return 'exists';
    throw error;
  }
}

async function written(write: () => Promise<void>): Promise<Written> {
  try {
    await write();
    return 'done';
  } catch (error) {
    if (isAbsent(error)) return 'absent';
    throw error;
  }
}

async function deleted(write: () => Promise<void>): Promise<Deleted> {
  return (await written(write)) === 'done' ? 'deleted' : 'absent';
}
