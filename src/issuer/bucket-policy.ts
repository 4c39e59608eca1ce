import { isJsonObject, type JsonObject } from '../base/json.ts';
import { parsePolicyText } from '../iam/policy-document.ts';
import { IssuerInputError } from './errors.ts';

export interface BucketPlace {
  readonly bucket: string;
  /** Without slashes at its ends; empty: the whole bucket's root. */
  readonly prefix: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** Names of the two documents below the prefix. */
  readonly names: readonly string[];
}

/** Sid of the statement that is ours in a bucket's policy. */
export const BUCKET_SID = 'PodroleIssuerDocuments';

/** Key of a document in its bucket. */
export function objectKey(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}

/**
 * A bucket policy that lets everybody read the two documents and nothing else, laid into what the bucket has: other statements stay to
 * the letter. ACLs, which older guides use, have been off for new buckets since 2023. Throws `IssuerInputError` for a policy that cannot be read.
 */
export function bucketPolicy(existing: string | undefined, place: BucketPlace): string {
  const statement = {
    Sid: BUCKET_SID,
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: place.names.map((name) => `arn:${place.partition}:s3:::${place.bucket}/${objectKey(place.prefix, name)}`),
  };
  const document = existing === undefined ? { Version: '2012-10-17', Statement: [] } : readPolicy(existing, place.bucket);
  const others = (Array.isArray(document.Statement) ? document.Statement : [document.Statement]).filter(
    (other) => !(isJsonObject(other) && other.Sid === BUCKET_SID && isSamePlace(other, statement.Resource)),
  );
  const taken = others.some((other) => isJsonObject(other) && other.Sid === BUCKET_SID);
  const own = taken ? { ...statement, Sid: `${BUCKET_SID}${others.length}` } : statement;
  return `${JSON.stringify({ ...document, Statement: [...others, own] }, null, 2)}\n`;
}

/** Two issuers may share a bucket under different prefixes: a statement of another place stays. */
function isSamePlace({ Resource }: JsonObject, resource: readonly string[]): boolean {
  const list = Array.isArray(Resource) ? Resource : [Resource];
  return list.some((one) => typeof one === 'string' && resource.includes(one));
}

function readPolicy(text: string, bucket: string): JsonObject {
  const parsed = parsePolicyText(text);
  if (!parsed.ok || !isJsonObject(parsed.document))
    throw new IssuerInputError(`the policy of bucket ${bucket}`, [
      { path: '', message: parsed.ok ? 'it is not an object' : parsed.problem.message },
    ]);
  return parsed.document;
}
