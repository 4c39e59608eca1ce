import { createHash } from 'node:crypto';
import { AwsError } from '../errors.ts';
import type { BucketRecord, ObjectRecord } from '../store/records.ts';
import { objectBody } from './object-body.ts';
import { requireBucket, type S3Call, type S3Operation } from './s3-call.ts';

const METADATA_PREFIX = 'x-amz-meta-';

function put(s3: S3Call, bucket: BucketRecord, objects: ReadonlyMap<string, ObjectRecord>): void {
  s3.call.world.state.buckets.set(bucket.name, { ...bucket, objects });
}

export const putObject: S3Operation = {
  name: 'PutObject',
  action: 's3:PutObject',
  on: 'object',
  run: (s3) => {
    const bucket = requireBucket(s3);
    const { http, target, call } = s3;
    if (Buffer.byteLength(target.key) > 1024) throw new AwsError('KeyTooLongError', 400, 'Your key is too long');
    const existing = bucket.objects.get(target.key);
    if (http.header('if-none-match') === '*' && existing !== undefined) throw preconditionFailed();
    const wanted = http.header('if-match');
    if (wanted !== undefined && wanted !== existing?.etag) throw preconditionFailed();
    const body = objectBody(http);
    const cacheControl = http.header('cache-control');
    const object: ObjectRecord = {
      key: target.key,
      body,
      contentType: http.header('content-type') ?? 'binary/octet-stream',
      ...(cacheControl === undefined ? {} : { cacheControl }),
      etag: `"${createHash('md5').update(body).digest('hex')}"`,
      lastModified: call.now,
      metadata: Object.fromEntries(http.headersWith(METADATA_PREFIX)),
    };
    put(s3, bucket, new Map(bucket.objects).set(object.key, object));
    return { headers: { etag: object.etag } };
  },
};

function preconditionFailed(): AwsError {
  return new AwsError('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold');
}

function requireObject(s3: S3Call): ObjectRecord {
  const object = requireBucket(s3).objects.get(s3.target.key);
  if (object === undefined) throw new AwsError('NoSuchKey', 404, 'The specified key does not exist.');
  return object;
}

function headersOf(object: ObjectRecord): Readonly<Record<string, string>> {
  return {
    'content-type': object.contentType,
    etag: object.etag,
    'last-modified': new Date(object.lastModified).toUTCString(),
    ...(object.cacheControl === undefined ? {} : { 'cache-control': object.cacheControl }),
    ...object.metadata,
  };
}

function get(s3: S3Call): { readonly status?: number; readonly headers: Readonly<Record<string, string>>; readonly body?: Uint8Array } {
  const object = requireObject(s3);
  if (s3.http.header('if-none-match') === object.etag) return { status: 304, headers: { etag: object.etag } };
  return { headers: headersOf(object), body: object.body };
}

export const getObject: S3Operation = { name: 'GetObject', action: 's3:GetObject', on: 'object', run: get };

export const headObject: S3Operation = { name: 'HeadObject', action: 's3:GetObject', on: 'object', run: get };

export const deleteObject: S3Operation = {
  name: 'DeleteObject',
  action: 's3:DeleteObject',
  on: 'object',
  run: (s3) => {
    const bucket = requireBucket(s3);
    const objects = new Map(bucket.objects);
    objects.delete(s3.target.key);
    put(s3, bucket, objects);
    return { status: 204 };
  },
};
