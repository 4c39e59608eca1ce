import type { Clock } from '../../base/clock.ts';
import { changedConditions, type ProfileVerdicts, saysAlready, statusFor } from '../conditions.ts';
import { upstreamFailureOf } from '../metrics.data.ts';
import type { EventSink, Metrics } from '../ports.ts';
import { type Condition, isDeleting, nameOf, type Profile } from '../profile.ts';
import { type ReasonCode, reasons } from '../reasons.data.ts';
import type { Effects } from './effects.ts';
import type { FreshProfiles } from './fresh-profiles.ts';
import { PluginTally } from './plugin-tally.ts';

export interface ProfileSpeakerDeps {
  readonly effects: Effects;
  readonly profiles: FreshProfiles;
  readonly events: EventSink;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Says what became of a profile: conditions in its status, and for each that is news an Event and a count. */
export class ProfileSpeaker {
  readonly #deps: ProfileSpeakerDeps;
  /** News whose status was sent without an answer: if the status turns out to be written, Event and count are still owed. */
  readonly #owed = new Map<string, readonly Condition[]>();

  readonly #tally: PluginTally;

  constructor(deps: ProfileSpeakerDeps) {
    this.#deps = deps;
    this.#tally = new PluginTally(deps.metrics);
  }

  /** Writes the status unless the profile says so already. Rejects with what the write rejects with; the next call makes good. */
  async say(profile: Profile, verdicts: ProfileVerdicts): Promise<void> {
    const { effects, profiles, clock } = this.#deps;
    const name = nameOf(profile);
    this.#tally.saw(name, verdicts.awsIam);
    const status = statusFor(profile, verdicts, clock.now());
    if (saysAlready(profile, status)) {
      const written = new Set(status.conditions.map(({ type, reason }) => `${type} ${reason}`));
      const owed = this.#owed.get(name) ?? [];
      this.#owed.delete(name);
      this.#tell(
        profile,
        owed.filter(({ type, reason }) => written.has(`${type} ${reason}`)),
      );
      return;
    }
    const startedAt = clock.monotonic();
    const changed = changedConditions(profile, status);
    if (changed.length > 0) this.#owed.set(name, changed);
    const stored = await effects.setStatus(profile, status);
    // Refused for a newer version: that may be the one which an earlier try wrote without an answer.
    if (stored === undefined) return;
    this.#owed.delete(name);
    profiles.saw(stored, startedAt);
    this.#tell(profile, changed);
  }

  forget(name: string): void {
    this.#owed.delete(name);
    this.#tally.forget(name);
  }

  /** Nothing is said any more. */
  stop(): void {
    this.#tally.clear();
  }

  #tell(profile: Profile, changed: readonly Condition[]): void {
    const { events, metrics } = this.#deps;
    for (const one of changed) {
      const reason = one.reason as ReasonCode;
      const { kind } = reasons[reason];
      metrics.count('podrole_profile_conditions_total', { condition: one.type, reason });
      if (kind === 'error' && one.type !== 'Ready') {
        events.emit({ profile, type: 'Warning', reason, message: one.message ?? '' });
        metrics.count('request_kf_failure', {
          component: 'profile_controller',
          kind: upstreamFailureOf(one.type, isDeleting(profile)),
          severity: 'major',
        });
      }
      if (reason === 'Reconciled' || reason === 'PodsNeedRestart')
        events.emit({ profile, type: 'Normal', reason, message: one.message ?? '' });
    }
  }
}
