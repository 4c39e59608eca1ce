import type { Condition, Profile, ProfileStatus, RoleStatus } from './profile.ts';
import { isGood, type ReasonCode, reasons } from './reasons.data.ts';

/** The conditions of a Profile, in the order they are shown. */
export type ConditionType = 'Ready' | 'NamespaceReady' | 'AccessReady' | 'AwsIamReady';

/** What became of one part of a profile. */
export interface Verdict {
  readonly reason: ReasonCode;
  readonly message: string;
}

/** The parts of a profile; `Ready` follows from them. */
export interface ProfileVerdicts {
  readonly namespace: Verdict;
  readonly access: Verdict;
  readonly awsIam: Verdict;
  readonly roles: readonly RoleStatus[];
}

const MAX_MESSAGE = 1024;

function condition(type: ConditionType, verdict: Verdict, profile: Profile, now: Date): Condition {
  const status = isGood(verdict.reason) ? 'True' : 'False';
  const before = profile.status?.conditions?.find((one) => one.type === type);
  const since =
    before?.status === status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
  return {
    type,
    status,
    reason: verdict.reason,
    message: verdict.message.slice(0, MAX_MESSAGE),
    observedGeneration: profile.metadata.generation ?? 0,
    lastTransitionTime: since,
  };
}

function readyFrom(verdicts: ProfileVerdicts): Verdict {
  const parts = [
    ['NamespaceReady', verdicts.namespace],
    ['AccessReady', verdicts.access],
    ['AwsIamReady', verdicts.awsIam],
  ] as const;
  const bad = parts.filter(([, verdict]) => !isGood(verdict.reason));
  const [first] = bad;
  if (first === undefined) return { reason: 'Reconciled', message: reasons.Reconciled.doc };
  const whole = first[1].reason === 'Paused' || first[1].reason === 'Deleting' ? first[1].reason : 'NotReady';
  return { reason: whole, message: bad.map(([type, verdict]) => `${type}: ${verdict.message}`).join('; ') };
}

/** The status that says these verdicts. Transition times are kept where a status did not change. */
export function statusFor(profile: Profile, verdicts: ProfileVerdicts, now: Date): ProfileStatus {
  return {
    conditions: [
      condition('Ready', readyFrom(verdicts), profile, now),
      condition('NamespaceReady', verdicts.namespace, profile, now),
      condition('AccessReady', verdicts.access, profile, now),
      condition('AwsIamReady', verdicts.awsIam, profile, now),
    ],
    ...(verdicts.roles.length === 0 ? {} : { roles: verdicts.roles }),
  };
}

/** Whether a profile already says this, so that an idle cluster causes no write. */
export function saysAlready(profile: Profile, status: ProfileStatus): boolean {
  const ours = new Set(status.conditions.map((one) => one.type));
  const text = (conditions: readonly Condition[], roles: readonly RoleStatus[]): string =>
    JSON.stringify([
      conditions.map((one) => [one.type, one.status, one.reason ?? '', one.message ?? '', one.observedGeneration ?? 0]),
      roles.map((one) => [one.role, one.serviceAccount, one.state, one.message ?? '']),
    ]);
  const shown = (profile.status?.conditions ?? []).filter((one) => ours.has(one.type));
  const sorted = status.conditions.map(
    (wanted) => shown.find((one) => one.type === wanted.type) ?? { type: wanted.type, status: 'Unknown' as const },
  );
  return text(sorted, profile.status?.roles ?? []) === text(status.conditions, status.roles ?? []);
}

/** The conditions whose reason is news: each deserves an Event and a count. */
export function changedConditions(profile: Profile, status: ProfileStatus): readonly Condition[] {
  return status.conditions.filter(
    (wanted) => profile.status?.conditions?.find((one) => one.type === wanted.type)?.reason !== wanted.reason,
  );
}
