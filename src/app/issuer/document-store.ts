import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { AwsTarget } from '../../aws/client-options.ts';
import { createS3IssuerBucket, type S3IssuerBucket } from '../../aws/s3-issuer-bucket.ts';
import { bucketPolicy, objectKey } from '../../issuer/bucket-policy.ts';
import { DISCOVERY_NAME } from '../../issuer/documents.ts';
import { IssuerInputError } from '../../issuer/errors.ts';
import type { DocumentStore } from '../../issuer/publish.ts';
import { readIfThere, replaceFile } from '../atomic-file.ts';

/** A place to publish to; a bucket must also let everybody read. */
export interface Place {
  readonly store: DocumentStore;
  readonly bucket: BucketAccess | undefined;
}

/** How a bucket is opened to readers. */
export interface BucketAccess {
  readonly name: string;
  /** The policy that the bucket should have. With `existing`, other statements of it are kept. */
  policyFor(jwksPath: string, existing?: string): string;
  current(signal: AbortSignal): Promise<string | undefined>;
  apply(policy: string, signal: AbortSignal): Promise<void>;
}

const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/** The place behind `--to`: a folder, or `s3://BUCKET/PREFIX`. Throws `IssuerInputError` for any other URL. */
export function openPlace(to: string, target: AwsTarget): Place {
  const [, name, path = ''] = S3_URL.exec(to) ?? [];
  if (name !== undefined) return bucketPlace(name, path.replace(/^\/+|\/+$/g, ''), target);
  if (/^[a-z0-9+.-]+:\/\//i.test(to))
    throw new IssuerInputError(`--to ${to}`, [{ path: '', message: 'it must be a folder or s3://BUCKET/PREFIX' }]);
  return { store: folderStore(resolve(to)), bucket: undefined };
}

function folderStore(folder: string): DocumentStore {
  return {
    where: folder,
    read: (name) => readIfThere(join(folder, name)),
    write: async ({ name, text }) => {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true });
      await replaceFile(file, text, 0o644);
    },
  };
}

function bucketPlace(name: string, prefix: string, target: AwsTarget): Place {
  const bucket: S3IssuerBucket = createS3IssuerBucket(target, name);
  const partition = partitionOf(target.region ?? '');
  return {
    store: {
      where: `s3://${name}${prefix === '' ? '' : `/${prefix}`}`,
      read: (document, signal) => bucket.get(objectKey(prefix, document), signal),
      write: ({ name: document, contentType, text }, cacheSeconds, signal) =>
        bucket.put(objectKey(prefix, document), { body: text, contentType, cacheControl: `public, max-age=${cacheSeconds}` }, signal),
    },
    bucket: {
      name,
      policyFor: (jwksPath, existing) => bucketPolicy(existing, { bucket: name, prefix, partition, names: [DISCOVERY_NAME, jwksPath] }),
      current: (signal) => bucket.policy(signal),
      apply: (policy, signal) => bucket.putPolicy(policy, signal),
    },
  };
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
