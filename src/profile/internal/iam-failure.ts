import type { ReasonCode } from '../reasons.data.ts';

/** What is told of a call that IAM did not carry out. */
export function iamFailure(
  { code, message }: { readonly code: string; readonly message: string },
  roleName: string,
): { readonly reason: ReasonCode; readonly message: string } {
  const reachable = code !== 'unreachable' && !code.startsWith('Throttling');
  // AWS answers so for a role that is not there too, when the caller may not look at it.
  const remedy = code === 'AccessDenied' ? `; is ${roleName} spelt right, and may the controller read it (iam:GetRole)?` : '';
  return { reason: reachable ? 'IamRefused' : 'IamUnavailable', message: `${code}: ${message}${remedy}` };
}
