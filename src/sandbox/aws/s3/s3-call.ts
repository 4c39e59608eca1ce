import { AwsError } from '../errors.ts';
import type { HttpCall } from '../http-call.ts';
import type { BucketRecord } from '../store/records.ts';
import type { Call } from '../world.ts';
import type { Target } from './target.ts';

/** A call to S3 with what it names. */
export interface S3Call {
  readonly call: Call;
  readonly http: HttpCall;
  readonly target: Target;
}

/** What an S3 action answers. */
export interface S3Answer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes of an object, or XML text. */
  readonly body?: Uint8Array | string;
}

/** One action of S3. */
export interface S3Operation {
  readonly name: string;
  /** The IAM action it needs, and on what. */
  readonly action: string;
  readonly on: 'account' | 'bucket' | 'object';
  /** Whether the bucket must be there; default true. */
  readonly bucketRequired?: boolean;
  readonly run: (s3: S3Call) => S3Answer;
}

/** ARN of a bucket or of an object in it. */
export function s3Arn(call: Call, target: Target, on: S3Operation['on']): string {
  if (on === 'account') return '*';
  return `arn:${call.world.partition}:s3:::${target.bucket}${on === 'object' ? `/${target.key}` : ''}`;
}

/** The bucket that a request names; `NoSuchBucket` when there is none. */
export function requireBucket({ call, target }: S3Call): BucketRecord {
  const bucket = call.world.state.buckets.get(target.bucket);
  if (bucket === undefined) throw new AwsError('NoSuchBucket', 404, 'The specified bucket does not exist');
  return bucket;
}

export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
