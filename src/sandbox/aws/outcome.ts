import type { PendingDecision } from './decision-log.ts';
import { AwsError } from './errors.ts';
import type { Call } from './world.ts';

/** What became of a call. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: AwsError };

const EXCHANGE = 'sts:AssumeRoleWithWebIdentity';

/** Whether somebody was judged: not in what the administrator did or mistyped, nor in a request that could not be read. */
function isDecision(call: Call, operation: string, outcome: Outcome): boolean {
  if (operation === EXCHANGE) return true;
  const reason = outcome.ok ? undefined : outcome.error.options.reason;
  return reason === undefined ? call.caller.kind !== 'admin' : reason !== 'request-invalid';
}

/**
 * Writes a call into the decision log where somebody decided about somebody: every exchange, every refusal for want of
 * proof or permission, and everything that a role session does.
 */
export function recordOutcome(call: Call, operation: string, outcome: Outcome): void {
  if (!isDecision(call, operation, outcome)) return;
  const { caller, notes, world } = call;
  const { roleArn, sessionName, subject, audience, resource, warnings } = notes;
  const decision: PendingDecision = {
    time: new Date(call.now).toISOString(),
    id: call.requestId,
    operation,
    verdict: outcome.ok ? 'allow' : 'deny',
    code: outcome.ok ? 'OK' : outcome.error.code,
    reason: outcome.ok ? 'allowed' : (outcome.error.options.reason ?? outcome.error.code),
    message: outcome.ok ? (notes.message ?? 'allowed') : (outcome.error.options.why ?? outcome.error.message),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(sessionName === undefined ? {} : { sessionName }),
    ...(subject === undefined ? {} : { subject }),
    ...(audience === undefined ? {} : { audience }),
    ...(caller.kind === 'anonymous' ? {} : { caller: caller.arn }),
    ...(resource === undefined ? {} : { resource }),
    ...(warnings === undefined || warnings.length === 0 ? {} : { warnings }),
    ...explainer(call, outcome),
  };
  world.decisions.record(decision);
}

function explainer(call: Call, outcome: Outcome): { readonly explain?: () => unknown } {
  const explain = (outcome.ok ? undefined : outcome.error.options.explain) ?? call.notes.explain;
  return explain === undefined ? {} : { explain };
}

/** The refusal in anything thrown; what is not a refusal is a defect of the sandbox, and answered as AWS answers its own. */
export function refusalOf(thrown: unknown, call: Pick<Call, 'world' | 'requestId'>): AwsError {
  if (thrown instanceof AwsError) return thrown;
  call.world.log.error('request failed', {
    requestId: call.requestId,
    error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
  });
  return new AwsError('InternalFailure', 500, 'The request processing has failed because of an unknown error, exception or failure.', {
    cause: thrown,
  });
}
