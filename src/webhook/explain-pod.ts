import { outlineOf } from '../identity/pod-outline.ts';
import { type Note, type ReasonCode, reasonCodes } from '../identity/reason-codes.ts';
import type { CredentialMethod } from '../identity/token-volume.ts';
import type { JsonPatchOperation } from '../kube/core/json-patch.ts';
import type { Bound } from './binding.ts';
import { type Decision, type DecisionContext, decidePod, podAnnotations } from './decide.ts';

/** One container of an explained pod. */
export interface ContainerExplanation {
  readonly name: string;
  readonly init: boolean;
  readonly outcome: 'skipped' | 'untouched' | 'complete' | 'filled';
  /** In words, why. */
  readonly because: string;
  /** Names of the variables added. */
  readonly env: readonly string[];
  readonly mountedAt: string | undefined;
}

/** What would happen to a pod, and why: data, for a terminal, a page or JSON. */
export interface Explanation {
  readonly reason: ReasonCode;
  readonly because: string;
  readonly method: CredentialMethod | undefined;
  readonly origin: Bound['origin'] | undefined;
  /** The role's ARN; absent for container credentials, whose role the association names. */
  readonly role: string | undefined;
  readonly audience: string | undefined;
  readonly volume: { readonly name: string; readonly origin: 'added' | 'present' | 'foreign' } | undefined;
  readonly containers: readonly ContainerExplanation[];
  readonly notes: readonly Note[];
  readonly operations: readonly JsonPatchOperation[];
}

const OUTCOMES: Readonly<Record<ContainerExplanation['outcome'], string>> = {
  skipped: 'a list of containers of the pod leaves it out',
  untouched: 'it sets credentials, region and STS endpoint of its own',
  complete: 'it has everything already',
  filled: 'variables or the mount were missing',
};

/**
 * Explains what the webhook does to a pod (parsed JSON). Derived from the very decision that the answer encodes, so that the two cannot differ.
 */
export function explainPod(pod: unknown, context: DecisionContext): Explanation {
  return explanationOf(decidePod(() => outlineOf(pod, podAnnotations(context.options)), context));
}

/** The same for a decision that was made already. */
export function explanationOf({ reason, bound, patch, notes }: Decision): Explanation {
  return {
    reason,
    because: reasonCodes[reason],
    method: bound?.method,
    origin: bound?.origin,
    role: bound?.method === 'web-identity' ? bound.source : undefined,
    audience: bound?.audience,
    volume: patch?.volume,
    containers: (patch?.containers ?? []).map(({ name, list, outcome, env, mountedAt }) => ({
      name,
      init: list === 'initContainers',
      outcome,
      because: OUTCOMES[outcome],
      env,
      mountedAt,
    })),
    notes,
    operations: patch?.operations ?? [],
  };
}
