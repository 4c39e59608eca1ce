import type { AdmissionResponse } from '../kube/core/admission-review.ts';
import { type AdmissionVerdict, fieldOf } from './judge-admission.ts';

/** An HTTP answer as bytes. */
export interface AdmissionHttpResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The API server cuts warnings at 256 characters and drops them beyond 4,096 in all; a message of a Status has no limit of its own. */
const MAX_WARNINGS = 16;
const MAX_WARNING = 250;
const MAX_PROBLEMS = 50;
const MAX_PROBLEM = 500;

const encoder = new TextEncoder();

/** The AdmissionReview that says a verdict: every problem in one message, and as a cause with its field for programs. */
export function admissionAnswer(uid: string, name: string, verdict: AdmissionVerdict): AdmissionHttpResponse {
  const response = { uid, ...outcomeOf(name, verdict), ...warned(verdict) };
  return json(200, { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
}

/** An answer that is no review. Its body is a Status, whose message the API server passes on. */
export function refused(status: number, message: string, headers?: Readonly<Record<string, string>>): AdmissionHttpResponse {
  const body = { apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', code: status, message };
  return { ...json(status, body), ...(headers === undefined ? {} : { headers }) };
}

function outcomeOf(name: string, { problems }: AdmissionVerdict): Pick<AdmissionResponse, 'allowed' | 'status' | 'auditAnnotations'> {
  if (problems.length === 0) return { allowed: true };
  const causes = problems.slice(0, MAX_PROBLEMS).map((problem) => ({
    reason: 'FieldValueInvalid',
    message: `${problem.message.slice(0, MAX_PROBLEM)} (${problem.reason})`,
    field: fieldOf(problem.path),
  }));
  const left = problems.length - causes.length;
  const more = left > 0 ? [`and ${left} more`] : [];
  const message = [...causes.map((cause) => `${cause.field}: ${cause.message}`), ...more].join('; ');
  return {
    allowed: false,
    status: {
      status: 'Failure',
      code: 422,
      reason: 'Invalid',
      message,
      details: { name, group: 'kubeflow.org', kind: 'Profile', causes },
    },
    auditAnnotations: { reason: [...new Set(problems.map((problem) => problem.reason))].join(',') },
  };
}

function warned({ warnings }: AdmissionVerdict): Pick<AdmissionResponse, 'warnings'> {
  if (warnings.length === 0) return {};
  const texts = warnings.slice(0, MAX_WARNINGS).map(({ reason, message }) => {
    const tail = ` (${reason})`;
    return `podrole: ${message.replaceAll('’', "'")}`
      .replaceAll(/[^ -~]/g, '?')
      .slice(0, MAX_WARNING - tail.length)
      .concat(tail);
  });
  return { warnings: [...new Set(texts)] };
}

function json(status: number, body: object): AdmissionHttpResponse {
  return { status, contentType: 'application/json', body: encoder.encode(JSON.stringify(body)) };
}
