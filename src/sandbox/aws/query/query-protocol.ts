import { requireAccess } from '../access/authorize.ts';
import type { Edge } from '../edge.ts';
import { AwsError } from '../errors.ts';
import { faultError, lostAnswer } from '../faults.ts';
import type { HttpCall } from '../http-call.ts';
import { type Outcome, recordOutcome, refusalOf } from '../outcome.ts';
import type { AuthFailure } from '../sigv4/authenticate.ts';
import type { Call } from '../world.ts';
import { type Form, parseForm } from './form.ts';
import type { Operation } from './operation.ts';
import { type XmlObject, xml } from './xml.ts';

/** A service of the AWS Query protocol. */
export interface QueryService {
  readonly name: 'sts' | 'iam';
  readonly version: string;
  readonly namespace: string;
  readonly operations: ReadonlyMap<string, Operation>;
}

/** The request id that AWS sends when it could not even begin. */
export const NO_REQUEST_ID = '00000000-0000-0000-0000-000000000000';

/** Texts of the authentication failures of Query services (IAM and STS common errors). */
function authError(failure: AuthFailure): AwsError {
  const options = { reason: 'unauthenticated' } as const;
  switch (failure.kind) {
    case 'missing':
      return new AwsError('MissingAuthenticationToken', 403, 'Request is missing Authentication Token', options);
    case 'incomplete':
      return new AwsError('IncompleteSignature', 400, failure.message, options);
    case 'unknown-key':
    case 'invalid-token':
      return new AwsError('InvalidClientTokenId', 403, 'The security token included in the request is invalid.', options);
    case 'expired-token':
      return new AwsError('ExpiredToken', 403, 'The security token included in the request is expired', options);
    case 'skewed':
      return new AwsError('SignatureDoesNotMatch', 403, failure.message, options);
    case 'body-mismatch':
    case 'wrong-signature':
      return new AwsError(
        'SignatureDoesNotMatch',
        403,
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
        options,
      );
  }
}

/** The parameters of a Query request: the form of a POST, or the query string of a GET. */
export function queryForm(http: HttpCall): Form {
  if (http.method !== 'POST') return parseForm(http.url.search.replace(/^\?/, ''));
  try {
    return parseForm(new TextDecoder('utf-8', { fatal: true }).decode(http.body));
  } catch (cause) {
    if (cause instanceof AwsError) throw cause;
    throw new AwsError('MalformedInput', 400, 'The request body is not UTF-8.', { reason: 'request-invalid', cause });
  }
}

/** Answers one request to a Query service. Never rejects. */
export async function serveQuery(
  service: QueryService,
  edge: Edge,
  request: { readonly http: HttpCall; readonly form: () => Form },
): Promise<Response> {
  const { http } = request;
  let call = edge.newCall(http, undefined);
  let operationName = `${service.name}:unknown`;
  try {
    const form = request.form();
    const operation = findOperation(service, form);
    operationName = `${service.name}:${operation.name}`;
    if (operation.signed) {
      const authentication = await edge.authenticate(http);
      call = edge.newCall(http, authentication);
      if (!authentication.ok) throw authError(authentication.failure);
    }
    const fault = edge.takeFault(operationName);
    if (fault !== undefined && fault !== 'lost-answer') throw faultError(fault);
    const prepared = operation.prepare(form);
    const permission = prepared.permission(call);
    if (permission !== undefined) requireAccess(call, permission, 'AccessDenied');
    const result = await prepared.run(call);
    conclude(call, operationName, { ok: true });
    return fault === 'lost-answer' ? lostAnswer() : success(service, operation, { call, result });
  } catch (thrown) {
    const error = refusalOf(thrown, call);
    conclude(call, operationName, { ok: false, error });
    return failure(service, error, call);
  }
}

function findOperation(service: QueryService, form: Form): Operation {
  const action = form.get('Action');
  if (action === undefined)
    throw new AwsError('MissingAction', 400, 'The request is missing an action or a required parameter.', { reason: 'request-invalid' });
  const operation = service.operations.get(action);
  if (operation === undefined) {
    const version = form.get('Version') ?? service.version;
    throw new AwsError('InvalidAction', 400, `Could not find operation ${action.slice(0, 64)} for version ${version.slice(0, 64)}`, {
      reason: 'request-invalid',
    });
  }
  return operation;
}

function conclude(call: Call, operation: string, outcome: Outcome): void {
  recordOutcome(call, operation, outcome);
  call.world.log.debug('aws request', { operation, code: outcome.ok ? 'OK' : outcome.error.code, requestId: call.requestId });
}

function respond(
  text: string,
  { status, requestId, now }: { readonly status: number; readonly requestId: string; readonly now: number },
): Response {
  const body = Buffer.from(text, 'utf8');
  return new Response(body, {
    status,
    headers: {
      'content-type': 'text/xml',
      'content-length': String(body.length),
      'x-amzn-requestid': requestId,
      date: new Date(now).toUTCString(),
    },
  });
}

function success(
  service: QueryService,
  operation: Operation,
  { call, result }: { readonly call: Call; readonly result: XmlObject | undefined },
): Response {
  const { requestId, now } = call;
  const text = xml(`${operation.name}Response`, {
    '@xmlns': service.namespace,
    [`${operation.name}Result`]: result,
    ResponseMetadata: { RequestId: requestId },
  });
  return respond(text, { status: 200, requestId, now });
}

function failure(service: QueryService, error: AwsError, call: Call): Response {
  const requestId = error.options.requestId ?? call.requestId;
  const text = xml('ErrorResponse', {
    '@xmlns': service.namespace,
    Error: { Type: error.status < 500 ? 'Sender' : 'Receiver', Code: error.code, Message: error.message },
    RequestId: requestId,
  });
  return respond(text, { status: error.status, requestId, now: call.now });
}
