import { AWS_MANAGED_POLICIES } from '../iam/aws-managed-policies.data.ts';
import type { World } from '../world.ts';
import type { PolicyRecord } from './records.ts';

const EPOCH = '2015-02-06T18:40:58Z';

/** The policies that AWS keeps in every account, by lower-case ARN, for one partition. */
function awsManaged(partition: string): ReadonlyMap<string, PolicyRecord> {
  return new Map(
    AWS_MANAGED_POLICIES.map(({ name, path, id, document }) => {
      const arn = `arn:${partition}:iam::aws:policy${path}${name}`;
      const record: PolicyRecord = {
        name,
        path,
        arn,
        id,
        createDate: EPOCH,
        updateDate: EPOCH,
        defaultVersion: 'v1',
        lastVersion: 1,
        versions: [
          { id: 'v1', document: JSON.stringify(document, null, 2).replaceAll('arn:aws:', `arn:${partition}:`), createDate: EPOCH },
        ],
        tags: [],
        awsManaged: true,
      };
      return [arn.toLowerCase(), record];
    }),
  );
}

const byPartition = new Map<string, ReadonlyMap<string, PolicyRecord>>();

/** All AWS-managed policies that the sandbox knows. */
export function awsManagedPolicies(partition: string): ReadonlyMap<string, PolicyRecord> {
  const known = byPartition.get(partition) ?? awsManaged(partition);
  byPartition.set(partition, known);
  return known;
}

/** A managed policy by ARN: the account's own, or one of AWS's. */
export function findPolicy(world: World, arn: string): PolicyRecord | undefined {
  const key = arn.toLowerCase();
  return world.state.policies.get(key) ?? awsManagedPolicies(world.partition).get(key);
}
