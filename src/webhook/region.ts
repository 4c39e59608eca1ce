/** Ask for the region that goes with the role's partition. */
export const AUTO_REGION = 'auto';

/** Partitions by the prefix of their regions' names; anything else is `aws`. Source: AWS general reference, partitions. */
const PARTITIONS: readonly { readonly prefix: string; readonly partition: string; readonly firstRegion: string }[] = [
  { prefix: 'cn-', partition: 'aws-cn', firstRegion: 'cn-north-1' },
  { prefix: 'us-gov-', partition: 'aws-us-gov', firstRegion: 'us-gov-west-1' },
  { prefix: 'us-iso-', partition: 'aws-iso', firstRegion: 'us-iso-east-1' },
  { prefix: 'us-isob-', partition: 'aws-iso-b', firstRegion: 'us-isob-east-1' },
  { prefix: 'eu-isoe-', partition: 'aws-iso-e', firstRegion: 'eu-isoe-west-1' },
  { prefix: 'us-isof-', partition: 'aws-iso-f', firstRegion: 'us-isof-south-1' },
  { prefix: 'eusc-', partition: 'aws-eusc', firstRegion: 'eusc-de-east-1' },
];

/** The partition a region belongs to. */
export function partitionOfRegion(region: string): string {
  return PARTITIONS.find(({ prefix }) => region.startsWith(prefix))?.partition ?? 'aws';
}

/**
 * The region to inject for a role when `auto` is asked for: the cluster's own where the partitions agree, else the partition's first.
 * `undefined` in the partition `aws` without a cluster region: a guess there would send S3 clients to the wrong end of the world.
 */
export function autoRegion(roleArn: string | undefined, homeRegion: string | undefined): string | undefined {
  const partition = roleArn?.split(':')[1];
  if (homeRegion !== undefined && (partition === undefined || partitionOfRegion(homeRegion) === partition)) return homeRegion;
  return PARTITIONS.find((known) => known.partition === partition)?.firstRegion;
}
