import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { RoleReadOutcome, TrustPolicyStore } from '../ports.ts';
import { type CallGroup, withDeadline } from './deadline.ts';

/** GetRole answers within a second as a rule; an API server waits five for all of a review. Milliseconds. */
const DEADLINE_MS = 2_000;
/** How long an answer is good for: tags change seldom, and somebody who just set one tries again soon. */
const KEEP_MS = { found: 10_000, absent: 2_000, failed: 2_000 } as const;
const MOST = 500;

interface Known {
  readonly read: Promise<RoleReadOutcome>;
  until: number;
}

/** Roles as admission needs them: one GetRole for all who ask at the same time, its answer kept for some seconds, never waited for long. */
export class RoleFacts {
  readonly #getRole: TrustPolicyStore['getRole'];
  readonly #clock: Clock;
  readonly #group: CallGroup;
  readonly #known = new Map<string, Known>();

  constructor(deps: { readonly getRole: TrustPolicyStore['getRole']; readonly clock: Clock; readonly group: CallGroup }) {
    this.#getRole = deps.getRole;
    this.#clock = deps.clock;
    this.#group = deps.group;
  }

  /** Never rejects: without an answer in time it is `failed`. */
  of(name: string): Promise<RoleReadOutcome> {
    const now = this.#clock.monotonic();
    const before = this.#known.get(name);
    if (before !== undefined && before.until > now) return before.read;
    if (this.#known.size >= MOST) this.#drop(now);
    const known: Known = { read: this.#ask(name), until: Number.POSITIVE_INFINITY };
    this.#known.set(name, known);
    void known.read.then((outcome) => {
      known.until = this.#clock.monotonic() + KEEP_MS[outcome.kind];
    });
    return known.read;
  }

  async #ask(name: string): Promise<RoleReadOutcome> {
    const limits = { clock: this.#clock, deadlineMs: DEADLINE_MS, group: this.#group };
    try {
      return await withDeadline(`GetRole ${name}`, limits, (signal) => this.#getRole(name, signal));
    } catch (error) {
      return { kind: 'failed', code: 'unreachable', message: messageOf(error) };
    }
  }

  /** What is over goes; where nothing is, the oldest. */
  #drop(now: number): void {
    for (const [name, { until }] of this.#known) if (until <= now) this.#known.delete(name);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST && oldest !== undefined) this.#known.delete(oldest);
  }
}
