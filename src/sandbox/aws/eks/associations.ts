import { createHash } from 'node:crypto';
import { parseRoleArn } from '../../../iam/arn.ts';
import { AwsError } from '../errors.ts';
import type { AssociationRecord } from '../store/records.ts';
import { bytesFrom } from '../store/unique-ids.ts';
import type { Call } from '../world.ts';
import { clusterPermission, requireCluster } from './clusters.ts';
import type { EksOperation } from './eks-api.ts';
import { type EksInput, invalidParameter, pageOf, requiredText, resourceNotFound, tagsOf } from './input.ts';

function requireAssociation(call: Call, input: EksInput): AssociationRecord {
  const cluster = requireCluster(call, input);
  const id = input.path.associationId ?? '';
  const association = call.world.state.associations.get(id);
  if (association?.clusterName !== cluster.name) throw resourceNotFound(`Association not found for associationId: ${id}`);
  return association;
}

function summary(association: AssociationRecord): object {
  return {
    clusterName: association.clusterName,
    namespace: association.namespace,
    serviceAccount: association.serviceAccount,
    associationArn: association.arn,
    associationId: association.id,
  };
}

function view(association: AssociationRecord): object {
  return {
    ...summary(association),
    roleArn: association.roleArn,
    tags: association.tags,
    createdAt: association.createdAt / 1000,
    modifiedAt: association.modifiedAt / 1000,
  };
}

function requiredRole(roleArn: string): string {
  if (!parseRoleArn(roleArn).ok) throw invalidParameter(`Invalid role ARN: ${roleArn}`);
  return roleArn;
}

export const createAssociation: EksOperation = {
  name: 'CreatePodIdentityAssociation',
  permission: clusterPermission('CreatePodIdentityAssociation'),
  run: (input, call) => {
    const { world, now } = call;
    const cluster = requireCluster(call, input);
    const namespace = requiredText(input.body, 'namespace');
    const serviceAccount = requiredText(input.body, 'serviceAccount');
    const roleArn = requiredRole(requiredText(input.body, 'roleArn'));
    const taken = [...world.state.associations.values()].some(
      (known) => known.clusterName === cluster.name && known.namespace === namespace && known.serviceAccount === serviceAccount,
    );
    if (taken) throw new AwsError('ResourceInUseException', 409, `Association already exists: ${namespace}/${serviceAccount}`);
    const id = `a-${createHash('sha256').update(bytesFrom(world.newId)).digest('hex').slice(0, 17)}`;
    const association: AssociationRecord = {
      id,
      arn: `arn:${world.partition}:eks:${world.region}:${world.account}:podidentityassociation/${cluster.name}/${id}`,
      clusterName: cluster.name,
      namespace,
      serviceAccount,
      roleArn,
      tags: tagsOf(input.body),
      createdAt: now,
      modifiedAt: now,
    };
    world.state.associations.set(id, association);
    return { association: view(association) };
  },
};

export const listAssociations: EksOperation = {
  name: 'ListPodIdentityAssociations',
  permission: clusterPermission('ListPodIdentityAssociations'),
  run: (input, call) => {
    const cluster = requireCluster(call, input);
    const namespace = input.query.get('namespace');
    const serviceAccount = input.query.get('serviceAccount');
    const listed = [...call.world.state.associations.values()].filter(
      (association) =>
        association.clusterName === cluster.name &&
        (namespace === null || association.namespace === namespace) &&
        (serviceAccount === null || association.serviceAccount === serviceAccount),
    );
    const { shown, nextToken } = pageOf(listed, input.query);
    return { associations: shown.map(summary), nextToken };
  },
};

export const describeAssociation: EksOperation = {
  name: 'DescribePodIdentityAssociation',
  permission: clusterPermission('DescribePodIdentityAssociation'),
  run: (input, call) => ({ association: view(requireAssociation(call, input)) }),
};

export const updateAssociation: EksOperation = {
  name: 'UpdatePodIdentityAssociation',
  permission: clusterPermission('UpdatePodIdentityAssociation'),
  run: (input, call) => {
    const association = requireAssociation(call, input);
    const { roleArn } = input.body;
    const changed: AssociationRecord = {
      ...association,
      ...(typeof roleArn === 'string' ? { roleArn: requiredRole(roleArn) } : {}),
      modifiedAt: call.now,
    };
    call.world.state.associations.set(association.id, changed);
    return { association: view(changed) };
  },
};

export const deleteAssociation: EksOperation = {
  name: 'DeletePodIdentityAssociation',
  permission: clusterPermission('DeletePodIdentityAssociation'),
  run: (input, call) => {
    const association = requireAssociation(call, input);
    call.world.state.associations.delete(association.id);
    return { association: view(association) };
  },
};
