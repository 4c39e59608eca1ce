import { type Clock, sleep } from '../../base/clock.ts';
import type { Credentials } from '../credentials.ts';
import { type CredentialFailure, CredentialsUnavailable } from '../errors.ts';
import type { ExchangeReason } from '../events.ts';
import type { CredentialState } from '../state.ts';
import { Observers } from './observers.ts';
import { type BackoffScale, BEHIND, backoff, GIVEN_UP, PROPAGATION, refreshDueAt, USABLE_MARGIN_MS, WAITED_FOR } from './schedule.ts';
import type { Attempt, CredentialSource } from './source.ts';

export interface RefreshingOptions {
  readonly source: CredentialSource;
  readonly clock: Clock;
  readonly random: () => number;
  /** Milliseconds that `AccessDenied` on the first exchange is asked again; 0: not at all. */
  readonly propagationMs: number;
}

interface Held {
  readonly credentials: Credentials;
  readonly identity: string | undefined;
  readonly obtained: Date;
  /** The end by either clock: wall time notices a suspended machine, monotonic time a clock that was set back. */
  readonly endsWallMs: number;
  readonly endsMonotonicMs: number;
  /** Validity left when the early refresh is due. */
  readonly dueAtMs: number;
}

/** Attempts, in all, that a caller without credentials waits for. */
const ATTEMPTS = 3;
/** Longer than any attempt. */
const ALIVE_MS = 15_000;
const never = new AbortController().signal;

/**
 * The credentials of one identity, kept fresh on demand: nothing runs while nobody asks.
 *
 * - At most one attempt is in flight, however many callers there are.
 * - While credentials are usable a caller gets them at once; in the early window one attempt runs behind its back, and failures stay
 *   there (events, `state()`), with growing pauses.
 * - Without usable credentials callers wait for one common series of attempts, and after it failed are refused at once for a while.
 */
export class RefreshingCredentials {
  readonly observers = new Observers();
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #propagationMs: number;
  #held: Held | undefined;
  #attempt: Promise<Attempt> | undefined;
  #acquisition: Promise<Credentials> | undefined;
  #failures = 0;
  #givenUp = 0;
  #exchanges = 0;
  #skewMs = 0;
  #lastSuccess: Date | undefined;
  #lastFailure: { readonly at: Date; readonly failure: CredentialFailure } | undefined;
  /** Monotonic times before which nobody asks AWS: behind callers, and for them. */
  #quietBehind = Number.NEGATIVE_INFINITY;
  #quietFor = Number.NEGATIVE_INFINITY;

  constructor({ source, clock, random, propagationMs }: RefreshingOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#random = random;
    this.#propagationMs = propagationMs;
  }

  /** AWS's clock less this machine's, in milliseconds, as last seen. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** Whose credentials are held. */
  get identity(): string | undefined {
    return this.#held?.identity;
  }

  /** Usable credentials. `force` asks AWS anew and falls back on those held. Rejects with `CredentialsUnavailable`. */
  async get(options: { readonly force?: boolean } = {}): Promise<Credentials> {
    const held = this.#usable();
    if (held === undefined) return this.#acquire();
    if (options.force === true && this.#clock.monotonic() >= this.#quietBehind) {
      const attempt = await this.#once('forced', false);
      return attempt.ok ? attempt.credentials : (this.#usable()?.credentials ?? this.#acquire());
    }
    // Whatever becomes of it is kept and told; here nobody waits.
    if (this.#remaining(held) <= held.dueAtMs && this.#clock.monotonic() >= this.#quietBehind) void this.#once('early', true);
    return held.credentials;
  }

  state(): CredentialState {
    const held = this.#usable();
    return {
      source: this.#source.kind,
      roleArn: this.#source.roleArn,
      held: held && {
        obtained: held.obtained,
        expiration: held.credentials.expiration,
        nextRefresh: new Date(held.endsWallMs - held.dueAtMs),
      },
      lastSuccess: this.#lastSuccess,
      lastFailure: this.#lastFailure && {
        at: this.#lastFailure.at,
        code: this.#lastFailure.failure.code,
        awsCode: this.#lastFailure.failure.awsCode,
        message: this.#lastFailure.failure.message,
      },
      failures: this.#failures,
      exchanges: this.#exchanges,
      inFlight: this.#attempt !== undefined,
    };
  }

  #remaining(held: Held): number {
    return Math.min(held.endsWallMs - this.#clock.now().getTime(), held.endsMonotonicMs - this.#clock.monotonic());
  }

  #usable(): Held | undefined {
    return this.#held !== undefined && this.#remaining(this.#held) > USABLE_MARGIN_MS ? this.#held : undefined;
  }

  /** One series of attempts for all who wait. */
  #acquire(): Promise<Credentials> {
    if (this.#acquisition === undefined) {
      if (this.#lastFailure !== undefined && this.#clock.monotonic() < this.#quietFor)
        return Promise.reject(new CredentialsUnavailable(this.#lastFailure.failure));
      // An attempt that began behind callers does not keep the process alive; now somebody waits for it.
      const alive = this.#clock.after(ALIVE_MS, () => undefined);
      this.#acquisition = this.#series().finally(() => {
        alive.cancel();
        this.#acquisition = undefined;
      });
    }
    return this.#acquisition;
  }

  async #series(): Promise<Credentials> {
    const reason = this.#lastSuccess === undefined ? 'first' : 'expired';
    const patience = reason === 'first' ? this.#clock.monotonic() + this.#propagationMs : Number.NEGATIVE_INFINITY;
    let attempts = 0;
    for (let tries = 1; ; tries += 1) {
      const attempt = await this.#once(reason, false);
      if (attempt.ok) return attempt.credentials;
      const { failure } = attempt;
      const propagating = failure.awsCode === 'AccessDenied' && this.#clock.monotonic() < patience;
      if (!propagating) attempts += 1;
      const again = propagating || (failure.sent && failure.retry === 'backoff' && attempts < ATTEMPTS);
      if (!again) {
        this.#givenUp += 1;
        // A file is looked at as often as anybody asks; AWS is not.
        if (failure.sent) this.#quietFor = this.#clock.monotonic() + this.#pause(GIVEN_UP, this.#givenUp, failure);
        throw new CredentialsUnavailable(failure);
      }
      await sleep(this.#clock, this.#pause(propagating ? PROPAGATION : WAITED_FOR, tries, failure));
    }
  }

  /** The attempt in flight, or a new one. Never rejects. */
  #once(reason: ExchangeReason, background: boolean): Promise<Attempt> {
    this.#attempt ??= this.#run(this.#lastSuccess === undefined ? 'first' : reason, background).finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #run(reason: ExchangeReason, background: boolean): Promise<Attempt> {
    const started = this.#clock.monotonic();
    const notice = (what: Parameters<Parameters<CredentialSource['attempt']>[0]['notice']>[0]): void =>
      this.observers.tell({ ...what, at: this.#clock.now(), roleArn: this.#source.roleArn });
    let attempt = await this.#source.attempt({ background, notice }, never);
    if (!attempt.ok ? attempt.failure.sent : true) this.#exchanges += 1;
    const durationMs = this.#clock.monotonic() - started;
    this.#dropForeign(attempt.identity);
    if (attempt.ok) {
      const lifetimeMs = attempt.credentials.expiration.getTime() - this.#clock.now().getTime();
      if (lifetimeMs > 0) this.#hold(attempt, lifetimeMs, { reason, durationMs });
      else {
        const message = `AWS answered with credentials that ended ${attempt.credentials.expiration.toISOString()}`;
        attempt = {
          ok: false,
          identity: attempt.identity,
          failure: { code: 'credentials-expired-on-arrival', message, retry: 'backoff', sent: true },
        };
      }
    }
    if (!attempt.ok) this.#fail(attempt.failure, { reason, durationMs });
    return attempt;
  }

  #hold(
    attempt: Extract<Attempt, { ok: true }>,
    lifetimeMs: number,
    { reason, durationMs }: { readonly reason: ExchangeReason; readonly durationMs: number },
  ): void {
    const { credentials, identity, skewMs } = attempt;
    const at = this.#clock.now();
    const dueAtMs = refreshDueAt(lifetimeMs, this.#random());
    const endsWallMs = credentials.expiration.getTime();
    this.#held = { credentials, identity, obtained: at, endsWallMs, endsMonotonicMs: this.#clock.monotonic() + lifetimeMs, dueAtMs };
    this.#failures = 0;
    this.#givenUp = 0;
    this.#quietBehind = Number.NEGATIVE_INFINITY;
    this.#lastSuccess = at;
    const { roleArn } = this.#source;
    if (skewMs !== 0 && skewMs !== this.#skewMs) this.observers.tell({ type: 'clock-skew', at, roleArn, skewMs });
    this.#skewMs = skewMs;
    this.observers.tell({
      type: 'exchanged',
      at,
      roleArn,
      reason,
      durationMs,
      expiration: credentials.expiration,
      nextRefresh: new Date(endsWallMs - dueAtMs),
    });
  }

  #fail(failure: CredentialFailure, { reason, durationMs }: { readonly reason: ExchangeReason; readonly durationMs: number }): void {
    const at = this.#clock.now();
    this.#failures += 1;
    this.#lastFailure = { at, failure };
    const pauseMs = this.#pause(BEHIND, this.#failures, failure);
    this.#quietBehind = this.#clock.monotonic() + pauseMs;
    const usable = this.#usable();
    this.observers.tell({
      type: 'exchange-failed',
      at,
      roleArn: this.#source.roleArn,
      reason,
      durationMs,
      code: failure.code,
      ...(failure.awsCode === undefined ? {} : { awsCode: failure.awsCode }),
      message: failure.message,
      nextAttempt: usable === undefined ? at : new Date(at.getTime() + pauseMs),
      ...(usable === undefined ? {} : { usableUntil: new Date(usable.endsWallMs - USABLE_MARGIN_MS) }),
    });
  }

  /** What was obtained for one identity is not handed out for another, even if the other one's exchange failed. */
  #dropForeign(identity: string | undefined): void {
    if (this.#held?.identity === undefined || identity === undefined || this.#held.identity === identity) return;
    this.#held = undefined;
    this.observers.tell({ type: 'identity-changed', at: this.#clock.now(), roleArn: this.#source.roleArn });
  }

  #pause(scale: BackoffScale, failures: number, { retryAfterMs }: CredentialFailure): number {
    return backoff(scale, failures, { random: this.#random(), retryAfterMs });
  }
}
