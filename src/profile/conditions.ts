import type { Condition, Profile, ProfileStatus, RoleStatus } from './profile.ts';
import { isGood, type ReasonCode, reasons } from './reasons.data.ts';
import type { StalePods } from './stale-pods.ts';

/** The conditions of a Profile, in the order they are shown. */
export type ConditionType = 'Ready' | 'NamespaceReady' | 'AccessReady' | 'AwsIamReady' | 'PodsCurrent';

/** Every one of them is podrole's: one that is not said any more goes. */
const OURS: ReadonlySet<string> = new Set<ConditionType>(['Ready', 'NamespaceReady', 'AccessReady', 'AwsIamReady', 'PodsCurrent']);

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
  /** Where pods are looked at; `Ready` does not wait for them. */
  readonly pods?: { readonly verdict: Verdict; readonly stale: StalePods | undefined } | undefined;
}

const MAX_MESSAGE = 1024;

function condition(type: ConditionType, verdict: Verdict, profile: Profile, now: Date): Condition {
  const status = isGood(verdict.reason) ? 'True' : reasons[verdict.reason].kind === 'finding' ? 'Unknown' : 'False';
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
      ...(verdicts.pods === undefined ? [] : [condition('PodsCurrent', verdicts.pods.verdict, profile, now)]),
    ],
    ...(verdicts.roles.length === 0 ? {} : { roles: verdicts.roles }),
    ...(verdicts.pods?.stale === undefined ? {} : { stalePods: verdicts.pods.stale }),
  };
}

/** Whether a profile already says this, so that an idle cluster causes no write. */
export function saysAlready(profile: Profile, status: ProfileStatus): boolean {
  const text = (conditions: readonly Condition[], { roles = [], stalePods }: Partial<ProfileStatus>): string =>
    JSON.stringify([
      conditions.map((one) => [one.type, one.status, one.reason ?? '', one.message ?? '', one.observedGeneration ?? 0]),
      roles.map((one) => [one.role, one.serviceAccount, one.state, one.message ?? '']),
      stalePods === undefined ? [] : [stalePods.count, stalePods.names],
    ]);
  const shown = (profile.status?.conditions ?? []).filter((one) => OURS.has(one.type));
  if (shown.length !== status.conditions.length) return false;
  const sorted = status.conditions.map(
    (wanted) => shown.find((one) => one.type === wanted.type) ?? { type: wanted.type, status: 'Unknown' as const },
  );
  return text(sorted, profile.status ?? {}) === text(status.conditions, status);
}

/** The conditions whose reason is news: each deserves an Event and a count. */
export function changedConditions(profile: Profile, status: ProfileStatus): readonly Condition[] {
  return status.conditions.filter(
    (wanted) => profile.status?.conditions?.find((one) => one.type === wanted.type)?.reason !== wanted.reason,
  );
}
