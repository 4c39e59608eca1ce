import { parsePolicyText } from '../../../iam/policy-document.ts';
import { AwsError } from '../errors.ts';
import { xml } from '../query/xml.ts';
import { requireBucket, S3_NAMESPACE, type S3Operation, XML_DECLARATION } from './s3-call.ts';

/** Rules for general purpose bucket names (S3 user guide), as far as a name's letters go. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** S3: a bucket policy has at most 20 KB. */
const POLICY_LIMIT = 20 * 1024;

export const listBuckets: S3Operation = {
  name: 'ListBuckets',
  action: 's3:ListAllMyBuckets',
  on: 'account',
  bucketRequired: false,
  run: ({ call }) => {
    const { account, state } = call.world;
    const buckets = [...state.buckets.values()].map(({ name, createdAt }) => ({
      Name: name,
      CreationDate: new Date(createdAt).toISOString(),
    }));
    return {
      body:
        XML_DECLARATION +
        xml('ListAllMyBucketsResult', {
          '@xmlns': S3_NAMESPACE,
          Buckets: { Bucket: buckets },
          Owner: { DisplayName: 'admin', ID: account },
        }),
    };
  },
};

export const createBucket: S3Operation = {
  name: 'CreateBucket',
  action: 's3:CreateBucket',
  on: 'bucket',
  bucketRequired: false,
  run: ({ call, target }) => {
    const { buckets } = call.world.state;
    if (!BUCKET_NAME.test(target.bucket)) throw new AwsError('InvalidBucketName', 400, 'The specified bucket is not valid.');
    if (buckets.has(target.bucket)) {
      throw new AwsError(
        'BucketAlreadyOwnedByYou',
        409,
        'Your previous request to create the named bucket succeeded and you already own it.',
      );
    }
    buckets.set(target.bucket, { name: target.bucket, createdAt: call.now, objects: new Map() });
    return { headers: { location: `/${target.bucket}` } };
  },
};

export const headBucket: S3Operation = {
  name: 'HeadBucket',
  action: 's3:ListBucket',
  on: 'bucket',
  run: ({ call }) => ({ headers: { 'x-amz-bucket-region': call.world.region } }),
};

export const getBucketLocation: S3Operation = {
  name: 'GetBucketLocation',
  action: 's3:GetBucketLocation',
  on: 'bucket',
  run: ({ call }) => {
    const { region } = call.world;
    // us-east-1 is said by saying nothing (S3: GetBucketLocation).
    return { body: XML_DECLARATION + xml('LocationConstraint', { '@xmlns': S3_NAMESPACE, '#text': region === 'us-east-1' ? '' : region }) };
  },
};

export const deleteBucket: S3Operation = {
  name: 'DeleteBucket',
  action: 's3:DeleteBucket',
  on: 'bucket',
  run: (s3) => {
    const bucket = requireBucket(s3);
    if (bucket.objects.size > 0) throw new AwsError('BucketNotEmpty', 409, 'The bucket you tried to delete is not empty');
    s3.call.world.state.buckets.delete(bucket.name);
    return { status: 204 };
  },
};

export const putBucketPolicy: S3Operation = {
  name: 'PutBucketPolicy',
  action: 's3:PutBucketPolicy',
  on: 'bucket',
  run: (s3) => {
    const bucket = requireBucket(s3);
    const policy = new TextDecoder().decode(s3.http.body);
    if (s3.http.body.length > POLICY_LIMIT) throw new AwsError('PolicyTooLarge', 400, 'Policy exceeds the maximum allowed document size.');
    const parsed = parsePolicyText(policy);
    if (!parsed.ok) throw new AwsError('MalformedPolicy', 400, "Policies must be valid JSON and the first byte must be '{'");
    s3.call.world.state.buckets.set(bucket.name, { ...bucket, policy });
    return { status: 204 };
  },
};

export const getBucketPolicy: S3Operation = {
  name: 'GetBucketPolicy',
  action: 's3:GetBucketPolicy',
  on: 'bucket',
  run: (s3) => {
    const { policy } = requireBucket(s3);
    if (policy === undefined) throw new AwsError('NoSuchBucketPolicy', 404, 'The bucket policy does not exist');
    return { headers: { 'content-type': 'application/json' }, body: policy };
  },
};

export const deleteBucketPolicy: S3Operation = {
  name: 'DeleteBucketPolicy',
  action: 's3:DeleteBucketPolicy',
  on: 'bucket',
  run: (s3) => {
    const { policy: _removed, ...bucket } = requireBucket(s3);
    s3.call.world.state.buckets.set(bucket.name, bucket);
    return { status: 204 };
  },
};
