import type { Edge } from '../edge.ts';
import { AwsError } from '../errors.ts';
import { faultError, lostAnswer } from '../faults.ts';
import type { HttpCall } from '../http-call.ts';
import { recordOutcome, refusalOf } from '../outcome.ts';
import { xml } from '../query/xml.ts';
import type { AuthFailure } from '../sigv4/authenticate.ts';
import type { Call } from '../world.ts';
import { missingKeyError, requireS3Access } from './access.ts';
import {
  createBucket,
  deleteBucket,
  deleteBucketPolicy,
  getBucketLocation,
  getBucketPolicy,
  headBucket,
  listBuckets,
  putBucketPolicy,
} from './buckets.ts';
import { listObjects } from './list-objects.ts';
import { deleteObject, getObject, headObject, putObject } from './objects.ts';
import { requireBucket, type S3Answer, type S3Operation, XML_DECLARATION } from './s3-call.ts';
import { type Target, targetOf } from './target.ts';

/** Actions by method and what they are done to: the service, a bucket, a bucket's sub-resource, an object. */
const OPERATIONS: Readonly<Record<string, S3Operation>> = {
  'GET service': listBuckets,
  'PUT bucket': createBucket,
  'HEAD bucket': headBucket,
  'DELETE bucket': deleteBucket,
  'GET bucket?list-type': listObjects,
  'GET bucket?location': getBucketLocation,
  'GET bucket?policy': getBucketPolicy,
  'PUT bucket?policy': putBucketPolicy,
  'DELETE bucket?policy': deleteBucketPolicy,
  'PUT object': putObject,
  'GET object': getObject,
  'HEAD object': headObject,
  'DELETE object': deleteObject,
};

/** Query parameters that modify an action and do not choose another one. */
const MODIFIERS =
  /^(prefix|delimiter|max-keys|max-buckets|bucket-region|continuation-token|start-after|encoding-type|fetch-owner|x-id|versionId|response-.*)$/;

function findOperation(http: HttpCall, target: Target): S3Operation {
  const on = target.bucket === '' ? 'service' : target.key === '' ? 'bucket' : 'object';
  const selectors = [...http.url.searchParams.keys()].filter((name) => !MODIFIERS.test(name));
  const operation = OPERATIONS[[`${http.method} ${on}`, ...selectors].join('?')];
  const copies = http.header('x-amz-copy-source') !== undefined;
  if (operation === undefined || copies)
    throw new AwsError('NotImplemented', 501, 'A header or query you provided implies functionality that is not implemented here', {
      reason: 'request-invalid',
    });
  return operation;
}

/** Codes and texts of S3's authentication failures. */
function authError(failure: AuthFailure): AwsError {
  const options = { reason: 'unauthenticated' } as const;
  switch (failure.kind) {
    case 'missing':
      return new AwsError('AccessDenied', 403, 'Access Denied', options);
    case 'incomplete':
      return new AwsError('AuthorizationHeaderMalformed', 400, failure.message, options);
    case 'unknown-key':
      return new AwsError('InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.', options);
    case 'invalid-token':
      return new AwsError('InvalidToken', 400, 'The provided token is malformed or otherwise invalid.', options);
    case 'expired-token':
      return new AwsError('ExpiredToken', 400, 'The provided token has expired.', options);
    case 'skewed':
      return new AwsError(
        'RequestTimeTooSkewed',
        403,
        'The difference between the request time and the current time is too large.',
        options,
      );
    case 'body-mismatch':
      return new AwsError(
        'XAmzContentSHA256Mismatch',
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        options,
      );
    case 'wrong-signature':
      return new AwsError(
        'SignatureDoesNotMatch',
        403,
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        options,
      );
  }
}

/** S3's names of the faults that have another name there. */
const FAULTS: Readonly<Record<string, AwsError>> = {
  Throttling: new AwsError('SlowDown', 503, 'Please reduce your request rate.', { reason: 'injected-fault' }),
  InternalFailure: new AwsError('InternalError', 500, 'We encountered an internal error. Please try again.', { reason: 'injected-fault' }),
};

/** Answers one request to S3. Unsigned ones are let in where the bucket's policy lets everybody in. Never rejects. */
export async function serveS3(edge: Edge, http: HttpCall): Promise<Response> {
  let call = edge.newCall(http, undefined);
  let name = 's3:unknown';
  try {
    const target = targetOf(http);
    if (target === undefined) throw new AwsError('InvalidURI', 400, "Couldn't parse the specified URI.", { reason: 'request-invalid' });
    const signed = http.header('authorization') !== undefined;
    if (signed) {
      const authentication = await edge.authenticate(http);
      call = edge.newCall(http, authentication);
      if (!authentication.ok) throw authError(authentication.failure);
    }
    const operation = findOperation(http, target);
    name = `s3:${operation.name}`;
    const fault = edge.takeFault(name);
    if (fault !== undefined && fault !== 'lost-answer') throw FAULTS[fault] ?? faultError(fault);
    const s3 = { call, http, target };
    if (operation.bucketRequired !== false) requireBucket(s3);
    requireS3Access(s3, operation);
    const answer = run(s3, operation);
    recordOutcome(call, name, { ok: true });
    return fault === 'lost-answer' ? lostAnswer() : respond(answer, call, http);
  } catch (thrown) {
    const error = refusalOf(thrown, call);
    recordOutcome(call, name, { ok: false, error });
    return failure(error, call, http);
  }
}

function run(s3: Parameters<S3Operation['run']>[0], operation: S3Operation): S3Answer {
  try {
    return operation.run(s3);
  } catch (thrown) {
    throw thrown instanceof AwsError && thrown.code === 'NoSuchKey' ? missingKeyError(s3, thrown) : thrown;
  }
}

function respond({ status = 200, headers = {}, body }: S3Answer, call: Call, http: HttpCall): Response {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(bytes?.length ?? 0) };
  return new Response(http.method === 'HEAD' || bytes === undefined ? null : Buffer.from(bytes), {
    status,
    headers: { ...(typeof body === 'string' ? { 'content-type': 'application/xml' } : {}), ...length, ...common(call), ...headers },
  });
}

function failure(error: AwsError, call: Call, http: HttpCall): Response {
  const text =
    XML_DECLARATION +
    xml('Error', {
      Code: error.code,
      Message: error.message,
      Resource: http.url.pathname,
      RequestId: call.requestId,
      HostId: call.requestId,
    });
  return new Response(http.method === 'HEAD' ? null : text, {
    status: error.status,
    headers: { 'content-type': 'application/xml', ...common(call) },
  });
}

function common(call: Call): Readonly<Record<string, string>> {
  return { 'x-amz-request-id': call.requestId, 'x-amz-id-2': call.requestId, date: new Date(call.now).toUTCString() };
}
