import { evaluateIdentity } from '../../../iam/evaluate-identity.ts';
import { judgeAccess } from '../access/authorize.ts';
import type { Permission } from '../access/permission.ts';
import { namesOf, statementsFor } from '../access/principal-statements.ts';
import { requestContext } from '../access/request-context.ts';
import { AwsError } from '../errors.ts';
import type { S3Call, S3Operation } from './s3-call.ts';
import { s3Arn } from './s3-call.ts';

function permissionOf({ call, target, http }: S3Call, action: string, on: S3Operation['on']): Permission {
  const resource = s3Arn(call, target, on);
  const { searchParams } = http.url;
  const prefix = searchParams.get('prefix');
  const delimiter = searchParams.get('delimiter');
  return {
    action,
    resource,
    shown: `"${resource}"`,
    context: { ...(prefix === null ? {} : { 's3:prefix': prefix }), ...(delimiter === null ? {} : { 's3:delimiter': delimiter }) },
  };
}

/** Undefined when allowed; else the sentence of the refusal and its explanation. */
function refusal(
  s3: S3Call,
  action: string,
  on: S3Operation['on'],
): { readonly message: string; readonly explain: () => unknown } | undefined {
  const { call, target } = s3;
  const permission = permissionOf(s3, action, on);
  const identity = judgeAccess(call, permission);
  const policy = call.world.state.buckets.get(target.bucket)?.policy;
  const named = call.caller.kind === 'anonymous' ? undefined : namesOf(call.caller, call.world);
  const concerning = policy === undefined ? undefined : statementsFor(policy, named, ['caller', 'everyone']);
  const bucket =
    concerning === undefined ? undefined : evaluateIdentity([concerning], { ...permission, context: requestContext(call, permission) });
  const denied = bucket?.verdict === 'deny' && bucket.reason === 'explicit-deny';
  if (!denied && (identity.allowed || (bucket?.verdict === 'allow' && !identity.explicit))) return undefined;
  const explain = (): unknown => ({ action, resource: permission.resource, identity, bucketPolicy: bucket });
  if (call.caller.kind === 'anonymous') return { message: 'Access Denied', explain };
  if (!identity.allowed && !denied) return { message: identity.message, explain };
  return {
    message: `User: ${call.caller.arn} is not authorized to perform: ${action} on resource: ${permission.shown} with an explicit deny in a resource-based policy`,
    explain,
  };
}

/** Refuses what neither the caller's policies nor the bucket's allow, or what one of them denies. */
export function requireS3Access(s3: S3Call, operation: S3Operation): void {
  s3.call.notes.resource = s3Arn(s3.call, s3.target, operation.on);
  const refused = refusal(s3, operation.action, operation.on);
  if (refused !== undefined) throw accessDenied(refused);
}

function accessDenied({ message, explain }: { readonly message: string; readonly explain: () => unknown }): AwsError {
  return new AwsError('AccessDenied', 403, message, { reason: 'identity-policy', explain });
}

/** What S3 says of a missing key: whoever may not list the bucket is not told that it is missing. */
export function missingKeyError(s3: S3Call, error: AwsError): AwsError {
  const refused = refusal(s3, 's3:ListBucket', 'bucket');
  return refused === undefined ? error : accessDenied(refused);
}
