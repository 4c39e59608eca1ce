import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { type AwsTarget, abortable, sdkOptions } from './client-options.ts';
import { awsCall, isAbsent } from './errors.ts';

/** What podrole asks of an EKS cluster. */
export interface EksCluster {
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  readonly endpoint: string | undefined;
  readonly issuer: string | undefined;
}

/** `eks:DescribeCluster`; `undefined` when the region has no cluster of that name. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export async function describeCluster(target: AwsTarget, name: string, signal?: AbortSignal): Promise<EksCluster | undefined> {
  const client = new EKSClient(sdkOptions(target));
  try {
    const { cluster } = await awsCall(`eks:DescribeCluster ${name}`, signal, () =>
      client.send(new DescribeClusterCommand({ name }), abortable(signal)),
    );
    return {
      name,
      arn: cluster?.arn ?? '',
      status: cluster?.status ?? '',
      endpoint: cluster?.endpoint,
      issuer: cluster?.identity?.oidc?.issuer,
    };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
