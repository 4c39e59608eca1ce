import { validateIdentityForWrite } from '../../../iam/validate-identity-policy.ts';
import { AwsError } from '../errors.ts';
import { findPolicy } from '../store/policies.ts';
import type { Call } from '../world.ts';

/** What a caller may narrow a session with. */
export interface SessionPolicyInput {
  readonly Policy: string | undefined;
  readonly PolicyArns: readonly { readonly arn: string }[];
}

/** Checks session policies: grammar, existence of managed ones, and the joint length. Throws what STS answers. */
export function checkSessionPolicies(call: Call, input: SessionPolicyInput): void {
  const { world } = call;
  if (input.Policy !== undefined) {
    const valid = validateIdentityForWrite(input.Policy);
    if (!valid.ok) throw new AwsError('MalformedPolicyDocument', 400, valid.message, { reason: 'session-policy' });
  }
  for (const { arn } of input.PolicyArns) {
    if (findPolicy(world, arn) === undefined) {
      throw new AwsError('MalformedPolicyDocument', 400, `Policy ARN ${arn} does not exist or is not attachable.`, {
        reason: 'session-policy',
      });
    }
  }
  const limit = world.switches.quotas.sessionPolicySize;
  const size = plaintextSize(input);
  if (size > limit) throw tooLarge(Math.ceil((100 * size) / limit));
}

function plaintextSize(input: SessionPolicyInput): number {
  return input.PolicyArns.reduce((sum, { arn }) => sum + arn.length, input.Policy?.length ?? 0);
}

function tooLarge(percent: number): AwsError {
  return new AwsError(
    'PackedPolicyTooLarge',
    400,
    `Packed size of session policies and session tags consumes ${percent}% of allotted space.`,
    { reason: 'session-policy' },
  );
}

/** Characters of subject that add one percent to the packed size; fits live answers of 24 to 26 for usual subjects and 34 for 300 characters. */
const SUBJECT_CHARACTERS_PER_PERCENT = 27;
const PACKED_BASE = 23;

/**
 * `PackedPolicySize`: a percentage that AWS computes with a packing it does not publish. It is above 20 even without a
 * session policy, and grows with the subject, the policies and the tags; beyond 100 the request is refused.
 */
export function packedPolicySize(
  call: Call,
  input: SessionPolicyInput,
  held: { readonly subject: string; readonly tagCharacters: number },
): number {
  const policyShare = Math.floor((plaintextSize(input) * (100 - PACKED_BASE - 12)) / call.world.switches.quotas.sessionPolicySize);
  const percent =
    Math.floor(PACKED_BASE + held.subject.length / SUBJECT_CHARACTERS_PER_PERCENT) + policyShare + Math.floor(held.tagCharacters / 256);
  if (percent > 100) throw tooLarge(percent);
  return percent;
}
