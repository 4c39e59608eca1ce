import type { Claim, Claims } from './claims.ts';
import { roleKeyOf } from './claims.ts';
import type { Verdict } from './conditions.ts';
import type { RoleStatus } from './profile.ts';
import { type ReasonCode, reasons } from './reasons.data.ts';
import type { SubjectState } from './role-book.ts';

/** What the AWS side of a profile looks like now. */
export interface AwsIamFacts {
  readonly claims: Claims;
  readonly stateOf: (key: string, subject: string) => SubjectState;
  /** Roles that still hold something of this profile, beyond its claims. */
  readonly others: readonly { readonly role: string; readonly key: string; readonly subject: string; readonly serviceAccount: string }[];
  /** The role that a service account was seen to carry. */
  readonly annotatedRole: (subject: string) => string | undefined;
}

/** The condition AwsIamReady and the list of roles. `pending`: not decided yet; say nothing unless something else must be said. */
export interface AwsIamVerdict extends Verdict {
  readonly pending: boolean;
  readonly roles: readonly RoleStatus[];
}

interface Part {
  readonly reason: ReasonCode;
  readonly message: string;
  readonly status: RoleStatus;
}

/** annotateOnly: the role's own account tells whether it lets the service account in; of others nothing is known. */
function annotatedPart(claim: Claim, facts: AwsIamFacts): Part {
  const status = { role: claim.role.text, serviceAccount: claim.serviceAccount, state: 'annotated' };
  const state = facts.stateOf(roleKeyOf(claim.role), claim.subject);
  if (state.kind !== 'watched') {
    return {
      reason: 'Annotated',
      message: `${claim.serviceAccount} carries ${claim.role.text}; its trust policy is not podrole’s`,
      status,
    };
  }
  if (state.trusted) return { reason: 'AnnotatedTrusted', message: `${claim.role.text} trusts ${claim.subject}`, status };
  const message = `${claim.serviceAccount} carries ${claim.role.text}, which does not trust ${claim.subject}: its owner must add it`;
  return { reason: 'AnnotatedNotTrusted', message, status: { ...status, message } };
}

function partOf(claim: Claim, facts: AwsIamFacts): Part {
  const base = { role: claim.role.text, serviceAccount: claim.serviceAccount };
  if (claim.mode === 'annotate') return annotatedPart(claim, facts);
  const state = facts.stateOf(roleKeyOf(claim.role), claim.subject);
  switch (state.kind) {
    case 'granted':
      return { reason: 'Trusted', message: `${claim.role.text} trusts ${claim.subject}`, status: { ...base, state: 'granted' } };
    case 'refused':
      return { reason: state.reason, message: state.message, status: { ...base, state: 'refused', message: state.message } };
    case 'leaving':
      return { reason: state.reason, message: state.message, status: { ...base, state: 'revoking', message: state.message } };
    default:
      return {
        reason: 'Granting',
        message: `${claim.subject} is being added to the trust policy of ${claim.role.text}`,
        status: { ...base, state: 'granting' },
      };
  }
}

function otherOf(other: AwsIamFacts['others'][number], facts: AwsIamFacts): Part | undefined {
  const state = facts.stateOf(other.key, other.subject);
  const base = { role: other.role, serviceAccount: other.serviceAccount };
  if (state.kind === 'gone') return undefined;
  if (state.kind === 'leaving')
    return { reason: state.reason, message: state.message, status: { ...base, state: 'revoking', message: state.message } };
  const message = `${other.subject} is still trusted by ${other.role}, which the profile no longer names`;
  return { reason: 'Revoking', message, status: { ...base, state: 'held', message } };
}

/** Problems first, then what is refused, then what is under way. Pure. */
export function awsIamVerdict(facts: AwsIamFacts): AwsIamVerdict {
  const parts = facts.claims.claims.map((claim) => partOf(claim, facts));
  const others = facts.others.flatMap((other) => otherOf(other, facts) ?? []);
  const roles = [...parts, ...others].map((part) => part.status);
  const problems = facts.claims.problems.filter((problem) => reasons[problem.reason].kind !== 'finding');
  const [problem] = problems;
  if (problem !== undefined) {
    const message = problems.map((one) => `${one.path}: ${one.message}`).join('; ');
    return { reason: problem.reason, message, pending: false, roles };
  }
  const refused = parts.find((part) => reasons[part.reason].kind === 'error');
  if (refused !== undefined) return { reason: refused.reason, message: refused.message, pending: false, roles };
  const waiting = parts.find((part) => reasons[part.reason].kind === 'wait');
  if (waiting !== undefined) return { reason: waiting.reason, message: waiting.message, pending: waiting.reason === 'Granting', roles };
  const [first] = parts;
  const [other] = others;
  if (first === undefined) {
    if (other !== undefined) return { reason: other.reason, message: other.message, pending: other.reason === 'Revoking', roles };
    return { reason: 'NoPlugin', message: reasons.NoPlugin.doc, pending: false, roles };
  }
  const message = [...new Set([...parts, ...others].map((part) => part.message))].join('; ');
  return { reason: parts.some((part) => part.reason === 'Trusted') ? 'Trusted' : first.reason, message, pending: false, roles };
}
