/** What a reason means for its condition: `ok` is True, `wait` and `error` are False; `finding` is reported beside a condition. */
export type ReasonKind = 'ok' | 'wait' | 'error' | 'finding';

interface ReasonEntry {
  readonly kind: ReasonKind;
  readonly doc: string;
}

/** Every reason code of the Profile controller. A condition, an Event, a log line and a metric of the same fact carry the same code. */
export const reasons = {
  Reconciled: { kind: 'ok', doc: 'everything the profile asks for is in place' },
  NotReady: { kind: 'error', doc: 'another condition is False; its reason says why' },
  Paused: { kind: 'wait', doc: 'the annotation podrole.dev/paused is "true": nothing is changed for this profile' },
  Deleting: { kind: 'wait', doc: 'the profile is being deleted' },

  NamespaceApplied: { kind: 'ok', doc: 'the namespace, its service accounts, policy and quota are as desired' },
  NamespaceForeign: { kind: 'error', doc: 'a namespace of this name exists and is not owned by the owner of the profile' },
  NamespaceTerminating: { kind: 'wait', doc: 'the namespace is being deleted; it is made again once it is gone' },
  NamespaceNameIllegal: { kind: 'error', doc: 'the name of the profile is not a legal namespace name (RFC 1123 label)' },
  OwnerMissing: { kind: 'error', doc: 'spec.owner has no name or no kind' },
  OwnerIllegal: { kind: 'error', doc: 'spec.owner is nobody whom a role binding could name' },
  OwnerChangeRefused: { kind: 'error', doc: 'spec.owner.name differs from the owner that the namespace was made for' },
  LabelsFileUnusable: { kind: 'finding', doc: 'the file of namespace labels cannot be read; the last good labels are in force' },
  ApplyRefused: { kind: 'error', doc: 'the Kubernetes API refused an object' },

  AccessApplied: { kind: 'ok', doc: 'the role bindings are as desired' },
  AccessWaiting: { kind: 'wait', doc: 'the role bindings wait for the namespace, as the role does' },

  NoPlugin: { kind: 'ok', doc: 'the profile names no AWS role' },
  Trusted: { kind: 'ok', doc: 'the role trusts the service accounts and they are annotated' },
  Annotated: { kind: 'ok', doc: 'annotateOnly: the service accounts are annotated; the trust policy is somebody else’s' },
  AnnotatedTrusted: { kind: 'ok', doc: 'annotateOnly, and the role was seen to trust the service accounts' },
  AnnotatedNotTrusted: { kind: 'error', doc: 'annotateOnly, but the role does not trust the service accounts' },
  Granting: { kind: 'wait', doc: 'the subject is about to be added to the trust policy' },
  Revoking: { kind: 'wait', doc: 'the subject is about to be removed from a trust policy' },
  LateWriteWindow: {
    kind: 'wait',
    doc: 'a write of unknown outcome may still be applied; the finalizer waits it out (--late-write-window)',
  },
  ReadSettling: { kind: 'wait', doc: 'IAM may still answer with an older document; it is read once more before the finalizer goes' },

  PodsCurrent: { kind: 'ok', doc: 'every pod of the annotated service accounts has their role' },
  PodsNeedRestart: { kind: 'wait', doc: 'pods run without the role of their service account, or with a former one: restart them' },
  PodsUnknown: { kind: 'finding', doc: 'the pods of the service accounts could not be listed' },

  PluginUndecodable: { kind: 'error', doc: 'the spec of a plugin is not of its type' },
  PluginUnknown: { kind: 'finding', doc: 'podrole does not know this kind of plugin; it is skipped' },
  PluginRepeated: { kind: 'error', doc: 'two entries give one service account different roles' },
  RoleArnMissing: { kind: 'error', doc: 'awsIamRole is empty' },
  RoleArnPlaceholder: { kind: 'error', doc: 'awsIamRole still holds a placeholder in braces or angle brackets' },
  RoleArnIllegal: { kind: 'error', doc: 'awsIamRole is not the ARN of an IAM role' },
  ServiceAccountIllegal: { kind: 'error', doc: 'a name in serviceAccounts is not a legal service account name' },
  ServiceAccountsTooMany: { kind: 'error', doc: 'the plugins of one profile give roles to more than ten service accounts' },
  RoleNotAllowed: { kind: 'error', doc: 'no --allowed-role pattern admits this role' },
  RoleForeignAccount: { kind: 'error', doc: 'the role is of another account; only annotateOnly may name it' },
  RoleIsOwn: { kind: 'error', doc: 'the role is the one this controller itself runs as' },

  RoleNotFound: { kind: 'error', doc: 'IAM has no role of this name' },
  RoleMismatch: { kind: 'error', doc: 'IAM’s ARN of the role differs from the one in the profile' },
  RoleOpen: { kind: 'error', doc: 'another statement lets every service account of the cluster in; nothing is granted until it is closed' },
  AudienceConflict: { kind: 'error', doc: 'our statement asks for another audience and names subjects that podrole never granted' },
  TrustPolicyFull: { kind: 'error', doc: 'the trust policy would exceed its quota' },
  TrustPolicyUnusable: { kind: 'error', doc: 'the trust policy cannot be edited safely; nothing is written' },
  IamRefused: { kind: 'error', doc: 'IAM refused the call' },
  IamUnavailable: { kind: 'error', doc: 'IAM gave no usable answer' },
  RecordTooNew: { kind: 'error', doc: 'the record of the role was written by a newer podrole; nothing is written' },
  RecordUnusable: { kind: 'error', doc: 'the record of the role cannot be read or written' },
  LeaseTooShort: { kind: 'wait', doc: 'the lease ends before a write would be over; the write waits' },

  ForeignSubject: { kind: 'finding', doc: 'our statement holds a subject that podrole never granted; it stays' },
  SubjectReturned: { kind: 'finding', doc: 'a revoked subject came back and is removed again' },
  ClosedOverrides: { kind: 'finding', doc: 'the closing Deny overrides an Allow of somebody else until the next grant' },
  ForeignEditLost: { kind: 'finding', doc: 'an edit of somebody else was made between our read and our write and is lost' },
  ForeignOverwrite: { kind: 'finding', doc: 'somebody else overwrote the trust policy; it is healed' },
  TrustPolicyWarning: { kind: 'finding', doc: 'the trust policy has a weakness that podrole leaves alone' },
  ReviewUndecodable: { kind: 'finding', doc: 'what came to the validating webhook is no review of a profile' },
  AnyRoleAllowed: {
    kind: 'finding',
    doc: 'no --allowed-role is set: profiles may name every role of the account but the controller’s own',
  },
  OwnRoleUnknown: { kind: 'finding', doc: 'GetCallerIdentity failed: the own role cannot be told apart until it is answered' },
} as const satisfies Record<string, ReasonEntry>;

/** A reason code; closed. */
export type ReasonCode = keyof typeof reasons;

/** Whether `code` leaves its condition True. */
export function isGood(code: ReasonCode): boolean {
  return reasons[code].kind === 'ok';
}
