import type { AwsTarget } from '../../aws/client-options.ts';
import { AwsRefusal } from '../../aws/errors.ts';
import { createIamRoles } from '../../aws/iam-roles.ts';
import { messageOf } from '../../base/errors.ts';
import type { TrustPolicyStore } from '../../profile/ports.ts';

/** A read that did not answer by then is a failed read: one hung call must not hold up its role for ever. Milliseconds. */
const READ_DEADLINE_MS = 10_000;

/** Trust policies over IAM. Writes make one attempt each, so that the outcome of every attempt is known or known to be unknown. */
export function trustPolicyStore(target: AwsTarget): TrustPolicyStore {
  const reader = createIamRoles(target);
  const writer = createIamRoles({ ...target, maxAttempts: 1 });
  return {
    getRole: async (name, signal) => {
      try {
        const role = await reader.get(name, AbortSignal.any([signal, AbortSignal.timeout(READ_DEADLINE_MS)]));
        return role === undefined
          ? { kind: 'absent' }
          : { kind: 'found', role: { arn: role.arn, document: role.trustPolicy, tags: role.tags } };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof AwsRefusal) return { kind: 'failed', code: error.awsCode, message: error.message };
        return { kind: 'failed', code: 'unreachable', message: messageOf(error) };
      }
    },
    updateTrustPolicy: async (name, document, { deadlineMs }, signal) => {
      try {
        await writer.updateTrustPolicy(name, document, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]));
        return { kind: 'applied' };
      } catch (error) {
        // A 5xx is IAM's word that something broke, not that nothing was changed.
        if (error instanceof AwsRefusal && error.httpStatus < 500) return { kind: 'refused', code: error.awsCode, message: error.message };
        return { kind: 'unknown', message: messageOf(error) };
      }
    },
  };
}
