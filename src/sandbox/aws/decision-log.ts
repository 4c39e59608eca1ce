import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/** Why a request was refused, finer than the wire code, which AWS keeps vague on purpose. */
export type RefusalReason =
  | 'role-not-found'
  | 'role-not-propagated'
  | 'provider-not-found'
  | 'provider-not-propagated'
  | 'trust-policy'
  | 'tag-session-not-trusted'
  | 'source-identity-not-trusted'
  | 'token-invalid'
  | 'keys-unavailable'
  | 'session-policy'
  | 'duration'
  | 'request-invalid'
  | 'unauthenticated'
  | 'identity-policy'
  | 'injected-fault'
  | 'wrong-provider-id';

/** One judgement: who asked for what, what was answered, and why. It never holds a token, a key or a secret. */
export interface Decision {
  /** ISO 8601, by the sandbox's clock. */
  readonly time: string;
  /** The request id that the caller was given too. */
  readonly id: string;
  /** `sts:AssumeRoleWithWebIdentity`, `s3:GetObject` … */
  readonly operation: string;
  readonly verdict: 'allow' | 'deny';
  /** The wire's code; `OK` when allowed. */
  readonly code: string;
  /** A {@link RefusalReason}, the token verifier's reason code, or the wire code where nothing finer is known; `allowed` when allowed. */
  readonly reason: string;
  /** One sentence for a person. */
  readonly message: string;
  readonly roleArn?: string;
  readonly sessionName?: string;
  /** As the token says; true only where the verdict is `allow` or a reason names a check that comes after the signature's. */
  readonly subject?: string;
  readonly audience?: string;
  /** ARN of the signed caller. */
  readonly caller?: string;
  readonly resource?: string;
  /** The evaluator's explanation as data. */
  readonly explanation?: unknown;
  /** What the verifier let pass, but a stricter reader would not. */
  readonly warnings?: readonly string[];
}

/** A decision whose explanation is built when it is read, so that judging costs nothing extra. */
export interface PendingDecision extends Omit<Decision, 'explanation'> {
  readonly explain?: () => unknown;
}

/** Members of a decision that a reader may ask for; all given ones must be equal. */
export type DecisionFilter = Partial<Pick<Decision, 'operation' | 'verdict' | 'code' | 'reason' | 'roleArn' | 'subject' | 'caller' | 'id'>>;

/** The last decisions, oldest first, in a ring that forgets. */
export interface DecisionLog {
  list(filter?: DecisionFilter): readonly Decision[];
  /** Calls `listener` with each decision from now on; the returned function ends that.. */
  subscribe(listener: (decision: Decision) => void): () => void;
}

/** The log as its writer sees it. */
export interface DecisionWriter extends DecisionLog {
  record(decision: PendingDecision): void;
}

function rendered({ explain, ...decision }: PendingDecision): Decision {
  const explanation = explain?.();
  return explanation === undefined ? decision : { ...decision, explanation };
}

/** A ring of `capacity` decisions. A subscriber that throws is reported to `log`, and hurts neither the call nor the others. */
export function createDecisionLog(log: Log, capacity = 1000): DecisionWriter {
  const ring: PendingDecision[] = [];
  let next = 0;
  const tell = (listener: (decision: Decision) => void, decision: Decision): void => {
    try {
      listener(decision);
    } catch (error) {
      log.error('decision subscriber failed', { error: messageOf(error) });
    }
  };
  const listeners = new Set<(decision: Decision) => void>();
  return {
    record(decision) {
      if (ring.length < capacity) ring.push(decision);
      else ring[next] = decision;
      next = (next + 1) % capacity;
      if (listeners.size === 0) return;
      const full = rendered(decision);
      for (const listener of listeners) tell(listener, full);
    },
    list(filter = {}) {
      const inOrder = ring.length < capacity ? ring : [...ring.slice(next), ...ring.slice(0, next)];
      const wanted = Object.entries(filter) as [keyof DecisionFilter, string | undefined][];
      return inOrder
        .filter((decision) => wanted.every(([member, value]) => value === undefined || decision[member] === value))
        .map(rendered);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
