import { isStatus, type Status } from '../../core/status.ts';
import { KubeApiError } from '../errors.ts';

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
const LONGEST_TEXT = 1_024;

/** The error for an answer outside 200–299. A body that is no Status (a proxy's page, `404 page not found`) becomes the message of one. */
export async function refusalOf(request: string, response: Response): Promise<KubeApiError> {
  const text = await response.text();
  const status = statusIn(text) ?? {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: text.trim().slice(0, LONGEST_TEXT) || response.statusText || `HTTP ${response.status}`,
    reason: REASONS[response.status] ?? 'Unknown',
    code: response.status,
  };
  return new KubeApiError(request, status, response.status, retryAfter(response, status));
}

function statusIn(text: string): Status | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isStatus(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function retryAfter(response: Response, status: Status): number | undefined {
  const header = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  if (Number.isFinite(header) && header >= 0) return header;
  return status.details?.retryAfterSeconds;
}
