import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type AwsTarget, abortable, sdkOptions } from './client-options.ts';
import { awsCall } from './errors.ts';

/** The little of S3 that podrole itself does. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export interface S3Objects {
  createBucket(bucket: string, signal?: AbortSignal): Promise<void>;
  put(bucket: string, key: string, body: string, signal?: AbortSignal): Promise<void>;
}

export function createS3Objects(target: AwsTarget): S3Objects {
  const client = new S3Client({ ...sdkOptions(target), forcePathStyle: target.endpoint !== undefined });
  return {
    createBucket: async (bucket, signal) => {
      await awsCall(`s3:CreateBucket ${bucket}`, signal, () => client.send(new CreateBucketCommand({ Bucket: bucket }), abortable(signal)));
    },
    put: async (bucket, key, body, signal) => {
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body });
      await awsCall(`s3:PutObject ${bucket}/${key}`, signal, () => client.send(command, abortable(signal)));
    },
  };
}
