import { AwsError } from './errors.ts';

/** What goes wrong on purpose: AWS's own transient refusals, or an answer that is lost after the call took effect. */
export type FaultKind = 'IDPCommunicationError' | 'Throttling' | 'InternalFailure' | 'lost-answer';

export interface Fault {
  /** `iam:UpdateAssumeRolePolicy`, `s3:GetObject` …; `*` is any. */
  readonly operation: string;
  readonly kind: FaultKind;
  /** How many calls it spoils; default 1. */
  readonly times?: number;
}

const REFUSALS: Readonly<Record<Exclude<FaultKind, 'lost-answer'>, { readonly status: number; readonly message: string }>> = {
  IDPCommunicationError: { status: 400, message: 'The identity provider could not be reached. Retry the request.' },
  Throttling: { status: 400, message: 'Rate exceeded' },
  InternalFailure: { status: 500, message: 'The request processing has failed because of an unknown error, exception or failure.' },
};

/** Faults waiting for their calls. */
export class Faults {
  #waiting: { readonly operation: string; readonly kind: FaultKind; left: number }[] = [];

  /** Arms a fault; faults of one operation strike in the order they were armed. */
  add(fault: Fault): void {
    this.#waiting.push({ operation: fault.operation, kind: fault.kind, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Takes the fault that strikes this call, if any. */
  take(operation: string): FaultKind | undefined {
    const fault = this.#waiting.find((waiting) => waiting.operation === '*' || waiting.operation === operation);
    if (fault === undefined) return undefined;
    fault.left -= 1;
    if (fault.left <= 0) this.#waiting = this.#waiting.filter((waiting) => waiting !== fault);
    return fault.kind;
  }
}

/** The refusal that a fault stands for. */
export function faultError(kind: Exclude<FaultKind, 'lost-answer'>): AwsError {
  const { status, message } = REFUSALS[kind];
  return new AwsError(kind, status, message, { reason: 'injected-fault' });
}

/** An answer that breaks off before its first byte of content: the listener resets the connection, and the caller never learns the outcome. */
export function lostAnswer(): Response {
  const body = new ReadableStream({ start: (controller) => controller.error(new Error('answer lost by an injected fault')) });
  return new Response(body, { status: 200, headers: { 'content-length': '1' } });
}
