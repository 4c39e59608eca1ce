import type { Edge } from '../edge.ts';
import { AwsError } from '../errors.ts';
import { faultError, lostAnswer } from '../faults.ts';
import type { HttpCall } from '../http-call.ts';
import { recordOutcome, refusalOf } from '../outcome.ts';
import type { AuthFailure } from '../sigv4/authenticate.ts';
import type { Call } from '../world.ts';
import { eksRoutes } from './eks-api.ts';

/** Codes and texts of the authentication failures of REST-JSON services. */
function authError(failure: AuthFailure): AwsError {
  const options = { reason: 'unauthenticated' } as const;
  switch (failure.kind) {
    case 'missing':
      return new AwsError('MissingAuthenticationTokenException', 403, 'Missing Authentication Token', options);
    case 'incomplete':
      return new AwsError('IncompleteSignatureException', 403, failure.message, options);
    case 'unknown-key':
    case 'invalid-token':
      return new AwsError('UnrecognizedClientException', 403, 'The security token included in the request is invalid.', options);
    case 'expired-token':
      return new AwsError('ExpiredTokenException', 403, 'The security token included in the request is expired', options);
    case 'skewed':
      return new AwsError('InvalidSignatureException', 403, failure.message, options);
    case 'body-mismatch':
    case 'wrong-signature':
      return new AwsError(
        'InvalidSignatureException',
        403,
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
        options,
      );
  }
}

/** REST-JSON names of the faults that have another name there. */
const FAULT_CODES: Readonly<Record<string, string>> = { Throttling: 'ThrottlingException', InternalFailure: 'ServerException' };

const routes = eksRoutes();

/** Answers one request to EKS. Never rejects. */
export async function serveEks(edge: Edge, { http, request }: { readonly http: HttpCall; readonly request: Request }): Promise<Response> {
  let call = edge.newCall(http, undefined);
  let operation = 'eks:unknown';
  let lost = false;
  const begin = async (name: string): Promise<Call> => {
    operation = `eks:${name}`;
    const authentication = await edge.authenticate(http);
    call = edge.newCall(http, authentication);
    if (!authentication.ok) throw authError(authentication.failure);
    const fault = edge.takeFault(operation);
    lost = fault === 'lost-answer';
    if (fault !== undefined && fault !== 'lost-answer') throw faultError(fault);
    return call;
  };
  try {
    const response = await routes({ http, begin }, request);
    recordOutcome(call, operation, { ok: true });
    if (lost) return lostAnswer();
    response.headers.set('x-amzn-requestid', call.requestId);
    response.headers.set('date', new Date(call.now).toUTCString());
    return response;
  } catch (thrown) {
    const error = refusalOf(thrown, call);
    recordOutcome(call, operation, { ok: false, error });
    return failure(error, call);
  }
}

function failure(error: AwsError, call: Call): Response {
  const code = FAULT_CODES[error.code] ?? error.code;
  return new Response(JSON.stringify({ message: error.message }), {
    status: error.status,
    headers: {
      'content-type': 'application/json',
      'x-amzn-errortype': code,
      'x-amzn-requestid': call.requestId,
      date: new Date(call.now).toUTCString(),
    },
  });
}
