import { AwsError } from '../errors.ts';
import { xml } from '../query/xml.ts';
import type { ObjectRecord } from '../store/records.ts';
import { requireBucket, S3_NAMESPACE, type S3Operation, XML_DECLARATION } from './s3-call.ts';

const MAX_KEYS = 1000;

type Entry =
  | { readonly kind: 'object'; readonly sort: string; readonly object: ObjectRecord }
  | { readonly kind: 'prefix'; readonly sort: string };

/** Keys below `prefix`, those that share a part up to `delimiter` folded into one entry, in the order of UTF-8 bytes. */
function entries(objects: Iterable<ObjectRecord>, prefix: string, delimiter: string): readonly Entry[] {
  const found = new Map<string, Entry>();
  for (const object of objects) {
    if (!object.key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    const sort = cut < 0 ? object.key : object.key.slice(0, cut + delimiter.length);
    found.set(sort, cut < 0 ? { kind: 'object', sort, object } : { kind: 'prefix', sort });
  }
  return [...found.values()].sort((a, b) => Buffer.compare(Buffer.from(a.sort), Buffer.from(b.sort)));
}

function after(key: string, start: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(start)) > 0;
}

export const listObjects: S3Operation = {
  name: 'ListObjectsV2',
  action: 's3:ListBucket',
  on: 'bucket',
  run: (s3) => {
    const { searchParams } = s3.http.url;
    const bucket = requireBucket(s3);
    const prefix = searchParams.get('prefix') ?? '';
    const delimiter = searchParams.get('delimiter') ?? '';
    const encode =
      searchParams.get('encoding-type') === 'url'
        ? (text: string) => encodeURIComponent(text).replaceAll('%2F', '/')
        : (text: string) => text;
    const wanted = Number(searchParams.get('max-keys') ?? MAX_KEYS);
    if (!Number.isInteger(wanted) || wanted < 0)
      throw new AwsError('InvalidArgument', 400, 'Argument maxKeys must be an integer between 0 and 2147483647');
    const token = searchParams.get('continuation-token');
    const start = token === null ? (searchParams.get('start-after') ?? '') : Buffer.from(token, 'base64').toString('utf8');
    const rest = entries(bucket.objects.values(), prefix, delimiter).filter((entry) => after(entry.sort, start));
    const shown = rest.slice(0, Math.min(wanted, MAX_KEYS));
    const last = shown.at(-1);
    const truncated = shown.length < rest.length && last !== undefined;
    const contents = shown.flatMap((entry) => (entry.kind === 'object' ? [objectView(entry.object, encode)] : []));
    const prefixes = shown.flatMap((entry) => (entry.kind === 'prefix' ? [{ Prefix: encode(entry.sort) }] : []));
    return {
      body:
        XML_DECLARATION +
        xml('ListBucketResult', {
          '@xmlns': S3_NAMESPACE,
          Name: bucket.name,
          Prefix: encode(prefix),
          ...(delimiter === '' ? {} : { Delimiter: encode(delimiter) }),
          ...(searchParams.get('encoding-type') === 'url' ? { EncodingType: 'url' } : {}),
          MaxKeys: wanted,
          KeyCount: shown.length,
          IsTruncated: truncated,
          ...(token === null ? {} : { ContinuationToken: token }),
          ...(truncated ? { NextContinuationToken: Buffer.from(last.sort, 'utf8').toString('base64') } : {}),
          ...(contents.length === 0 ? {} : { Contents: contents }),
          ...(prefixes.length === 0 ? {} : { CommonPrefixes: prefixes }),
        }),
    };
  },
};

function objectView(object: ObjectRecord, encode: (text: string) => string) {
  return {
    Key: encode(object.key),
    LastModified: new Date(object.lastModified).toISOString(),
    ETag: object.etag,
    Size: object.body.length,
    StorageClass: 'STANDARD',
  };
}
