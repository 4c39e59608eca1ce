import { GetBucketPolicyCommand, GetObjectCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type AwsTarget, abortable, sdkOptions } from './client-options.ts';
import { AwsRefusal, awsCall } from './errors.ts';

/** The bucket in which an issuer's documents lie. Rejects with `AwsRefusal` or `AwsUnreachable`. */
export interface S3IssuerBucket {
  /** `undefined` when there is no such object. */
  get(key: string, signal?: AbortSignal): Promise<string | undefined>;
  put(key: string, object: S3Document, signal?: AbortSignal): Promise<void>;
  /** `undefined` when the bucket has none. */
  policy(signal?: AbortSignal): Promise<string | undefined>;
  putPolicy(policy: string, signal?: AbortSignal): Promise<void>;
}

export interface S3Document {
  readonly body: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

export function createS3IssuerBucket(target: AwsTarget, bucket: string): S3IssuerBucket {
  const client = new S3Client({ ...sdkOptions(target), forcePathStyle: target.endpoint !== undefined });
  return {
    get: (key, signal) =>
      unlessAbsent('NoSuchKey', () =>
        awsCall(`s3:GetObject ${bucket}/${key}`, signal, async () => {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), abortable(signal));
          return Body?.transformToString();
        }),
      ),
    put: async (key, { body, contentType, cacheControl }, signal) => {
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType, CacheControl: cacheControl });
      await awsCall(`s3:PutObject ${bucket}/${key}`, signal, () => client.send(command, abortable(signal)));
    },
    policy: (signal) =>
      unlessAbsent('NoSuchBucketPolicy', () =>
        awsCall(`s3:GetBucketPolicy ${bucket}`, signal, async () => {
          const { Policy } = await client.send(new GetBucketPolicyCommand({ Bucket: bucket }), abortable(signal));
          return Policy;
        }),
      ),
    putPolicy: async (policy, signal) => {
      const command = new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy });
      await awsCall(`s3:PutBucketPolicy ${bucket}`, signal, () => client.send(command, abortable(signal)));
    },
  };
}

async function unlessAbsent<T>(code: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AwsRefusal && error.awsCode === code) return undefined;
    throw error;
  }
}
