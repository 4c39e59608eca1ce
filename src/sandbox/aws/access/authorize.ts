import { evaluateIdentity } from '../../../iam/evaluate-identity.ts';
import { AwsError } from '../errors.ts';
import type { NamedDocument } from '../store/records.ts';
import type { Call } from '../world.ts';
import { boundaryDocument, rolePolicies, sessionPolicies } from './caller-policies.ts';
import type { Permission } from './permission.ts';
import { requestContext } from './request-context.ts';

/** Whether the caller may do it, with AWS's own sentence when not. */
export type AccessVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly explicit: boolean; readonly message: string; readonly explain: () => unknown };

/** The kinds of policy that AWS's denial texts tell apart (IAM guide, "Troubleshoot access denied error messages"). */
type PolicyKind = 'identity-based policy' | 'permissions boundary' | 'session policy';

/**
 * Judges a signed caller. The administrator may do everything. A role session needs an Allow from the role's identity
 * policies and, where there are any, from its session policies and its permissions boundary too; a Deny anywhere wins.
 */
export function judgeAccess(call: Call, permission: Permission): AccessVerdict {
  const { caller } = call;
  if (caller.kind === 'admin') return { allowed: true };
  if (caller.kind === 'anonymous') return { allowed: false, explicit: false, message: 'Access Denied', explain: () => undefined };
  const { action, resource } = permission;
  const request = { action, resource, context: requestContext(call, permission) };
  const layers: readonly { readonly kind: PolicyKind; readonly policies: readonly NamedDocument[] | undefined }[] = [
    { kind: 'identity-based policy', policies: rolePolicies(call.world, caller.session) },
    { kind: 'permissions boundary', policies: boundaryDocument(call.world, caller.session) },
    { kind: 'session policy', policies: sessionPolicies(call.world, caller.session) },
  ];
  const judged = layers.flatMap(({ kind, policies }) =>
    policies === undefined ? [] : [{ kind, verdict: evaluateIdentity(policies, request) }],
  );
  const denied = judged.find(({ verdict }) => verdict.verdict === 'deny' && verdict.reason === 'explicit-deny');
  const refused = denied ?? judged.find(({ verdict }) => verdict.verdict === 'deny');
  if (refused === undefined) return { allowed: true };
  const { kind } = refused;
  const because =
    denied === undefined
      ? `no ${kind} allows the ${action} action`
      : `an explicit deny in ${kind === 'identity-based policy' ? 'an' : 'a'} ${kind}`;
  const joint = denied === undefined ? 'because' : 'with';
  return {
    allowed: false,
    explicit: denied !== undefined,
    message: `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${permission.shown ?? resource} ${joint} ${because}`,
    explain: () => ({ action, resource, policies: judged }),
  };
}

/** Refuses what the caller may not do, as `code` (IAM and STS: `AccessDenied`; EKS: `AccessDeniedException`). */
export function requireAccess(call: Call, permission: Permission, code: string): void {
  call.notes.resource = permission.resource;
  const verdict = judgeAccess(call, permission);
  if (!verdict.allowed) throw new AwsError(code, 403, verdict.message, { reason: 'identity-policy', explain: verdict.explain });
}
