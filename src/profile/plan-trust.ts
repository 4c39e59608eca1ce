import { parseProviderArn } from '../iam/arn.ts';
import { editTrust } from '../iam/edit-trust.ts';
import { evaluateTrust } from '../iam/evaluate-trust.ts';
import type { ReasonCode } from './reasons.data.ts';
import type { ThreeSets } from './three-sets.ts';

/** Whose statement it is and how large it may become. */
export interface TrustSettings {
  readonly providerArn: string;
  readonly sid: string;
  readonly audience: string;
  readonly registeredAudiences: readonly string[];
  /** Characters, as IAM counts them. */
  readonly quota: number | 'off';
}

/** What shall become of one trust policy: nothing can be done, or this document. */
export type TrustPlan =
  | { readonly kind: 'unusable'; readonly message: string }
  | {
      readonly kind: 'plan';
      readonly document: string;
      readonly changed: boolean;
      readonly size: number;
      readonly admitted: ReadonlySet<string>;
      readonly refused: ReadonlyMap<string, { readonly reason: ReasonCode; readonly message: string }>;
      /** Revoked subjects that the base document still held. */
      readonly removed: readonly string[];
      /** Desired subjects that it lacked. */
      readonly adds: readonly string[];
      readonly findings: readonly { readonly reason: ReasonCode; readonly message: string }[];
    };

const WAYS_OUT = 'ask AWS for a larger ACLSizePerRole, use one role per profile, or EKS Pod Identity';

/** Computes the trust policy from the three sets and says in the controller's own codes what that means. Pure. */
export function planTrust(document: string, sets: ThreeSets, settings: TrustSettings): TrustPlan {
  const edit = editTrust({ document, ...settings, desired: sets.desired, revoked: sets.revoked });
  if (edit.kind === 'refused') return { kind: 'unusable', message: edit.message };
  const refused = new Map<string, { reason: ReasonCode; message: string }>();
  for (const { subject, reason } of edit.refused) {
    if (reason === 'role-open') {
      refused.set(subject, {
        reason: 'RoleOpen',
        message: 'another statement of the trust policy lets in every service account of the cluster, bind its sub or remove it',
      });
    } else if (reason === 'audience-conflict') {
      const message = `our statement asks for another audience than ${settings.audience} and names foreign subjects, move those to a statement of their own`;
      refused.set(subject, { reason: 'AudienceConflict', message });
    } else {
      const message = `the trust policy has ${edit.size} of ${edit.quota} characters and no room for ${subject}: ${WAYS_OUT}`;
      refused.set(subject, { reason: 'TrustPolicyFull', message });
    }
  }
  const kept = new Set(sets.kept);
  const findings: { reason: ReasonCode; message: string }[] = [];
  for (const subject of edit.foreign) {
    if (!kept.has(subject))
      findings.push({ reason: 'ForeignSubject', message: `${subject} is in our statement and was never granted by podrole; it stays` });
  }
  for (const warning of edit.warnings) {
    const reason = warning.code === 'closed-overrides' ? 'ClosedOverrides' : 'TrustPolicyWarning';
    findings.push({ reason, message: warning.message });
  }
  const held = edit.changed ? new Set(ownSubjects(document, settings)) : new Set(edit.admitted);
  const adds = edit.admitted.filter((subject) => !held.has(subject));
  const { changed, size, removed } = edit;
  return { kind: 'plan', document: edit.document, changed, size, admitted: new Set(edit.admitted), refused, removed, adds, findings };
}

/** Whether a role as it is lets a token of this subject in: the evaluator's word, whoever wrote the policy. */
export function trustsSubject(document: string, subject: string, settings: TrustSettings & { readonly role: string }): boolean {
  const provider = parseProviderArn(settings.providerArn);
  if (!provider.ok) return false;
  const issuer = `https://${provider.arn.hostPath}`;
  return (
    evaluateTrust(document, {
      action: 'sts:AssumeRoleWithWebIdentity',
      account: provider.arn.account,
      roleArn: settings.role,
      providerArn: settings.providerArn,
      issuer,
      sessionName: 'podrole',
      claims: { iss: issuer, sub: subject, aud: [settings.audience] },
    }).verdict === 'allow'
  );
}

/** Every subject that our statements of a document name; none where it cannot be edited. */
export function ownSubjects(document: string, settings: TrustSettings): readonly string[] {
  const edit = editTrust({ document, ...settings, desired: [], revoked: [] });
  return edit.kind === 'edited' ? edit.foreign : [];
}

/** Whether our statements of a document name none of the revoked subjects. */
export function holdsNone(document: string, revoked: readonly string[], settings: TrustSettings): boolean {
  const edit = editTrust({ document, ...settings, desired: [], revoked });
  return edit.kind === 'edited' && edit.removed.length === 0;
}
