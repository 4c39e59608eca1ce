import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Verdict } from '../conditions.ts';
import type { PodLister } from '../ports.ts';
import { nameOf, type Profile } from '../profile.ts';
import { type AccountPods, type StalePods, stalePodsOf } from '../stale-pods.ts';
import { CallGroup, withDeadline } from './deadline.ts';

/** Somebody restarts pods that are named, so those are looked at soon; nothing happens to the others but by a webhook that was away. Milliseconds. */
const LOOK_AGAIN_MS = { stale: 60_000, current: 600_000, failed: 120_000 } as const;
const DEADLINE_MS = 10_000;

/** A service account that was seen to carry a role. */
export interface AnnotatedAccount {
  readonly serviceAccount: string;
  readonly role: string;
}

/** What the status says of a profile's pods. */
export interface PodsReport {
  readonly verdict: Verdict;
  readonly stale: StalePods | undefined;
}

interface Known {
  /** Which annotations it is about. */
  readonly key: string;
  readonly report: PodsReport;
  readonly lookAgainAt: number;
}

/**
 * Looks which pods of a profile run without the role of their service account: by a list of that account's pods when its annotation
 * changed, and now and then. No watch: pods are many, change all the time, and hold what is none of our business.
 */
export class PodWatch {
  readonly #deps: { readonly pods: PodLister; readonly clock: Clock; readonly log: Log; readonly random: () => number };
  readonly #calls: CallGroup;
  readonly #known = new Map<string, Known>();

  constructor(
    deps: { readonly pods: PodLister; readonly clock: Clock; readonly log: Log; readonly random: () => number },
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#calls = new CallGroup(signal);
  }

  /** Never rejects: what cannot be listed is said so. `undefined` without an annotated account. */
  async report(profile: Profile, accounts: readonly AnnotatedAccount[]): Promise<PodsReport | undefined> {
    const name = nameOf(profile);
    if (accounts.length === 0) {
      this.#known.delete(name);
      return undefined;
    }
    const key = JSON.stringify([profile.metadata.uid, ...accounts.map(({ serviceAccount, role }) => [serviceAccount, role])]);
    const before = this.#known.get(name);
    const now = this.#deps.clock.monotonic();
    if (before?.key === key && before.lookAgainAt > now) return before.report;
    const report = await this.#look(name, accounts);
    const outcome = report.verdict.reason === 'PodsCurrent' ? 'current' : report.stale === undefined ? 'failed' : 'stale';
    // Profiles that were met together are not looked at together for ever.
    const wait = LOOK_AGAIN_MS[outcome] * (0.9 + 0.2 * this.#deps.random());
    this.#known.set(name, { key, report, lookAgainAt: this.#deps.clock.monotonic() + wait });
    return report;
  }

  /** Milliseconds until the next look at a profile; `undefined`: none is due. */
  dueIn(name: string): number | undefined {
    const known = this.#known.get(name);
    return known === undefined ? undefined : Math.max(1, Math.ceil(known.lookAgainAt - this.#deps.clock.monotonic()));
  }

  forget(name: string): void {
    this.#known.delete(name);
  }

  async #look(namespace: string, accounts: readonly AnnotatedAccount[]): Promise<PodsReport> {
    const limits = { clock: this.#deps.clock, deadlineMs: DEADLINE_MS, group: this.#calls };
    try {
      const found = await Promise.all(
        accounts.map(async ({ serviceAccount, role }): Promise<AccountPods> => {
          const listed = await withDeadline(`listing pods of ${namespace}/${serviceAccount}`, limits, (signal) =>
            this.#deps.pods.list({ namespace, serviceAccount }, signal),
          );
          return { serviceAccount, role, ...listed };
        }),
      );
      return stalePodsOf(found);
    } catch (error) {
      this.#deps.log.warn('pods not listed', { namespace, reason: 'PodsUnknown', error: messageOf(error) });
      return { verdict: { reason: 'PodsUnknown', message: `pods were not listed: ${messageOf(error)}` }, stale: undefined };
    }
  }
}
