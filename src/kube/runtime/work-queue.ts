import type { Clock, Timer } from '../../base/clock.ts';
import { type Backoff, backoffMs } from './backoff.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  /** Between failed tries of one key; default 1 s doubling to 5 min. */
  readonly backoff?: Backoff;
  /** A key that is failing is not tried more often than this, whoever adds it; default 1,000. */
  readonly minRetryMs?: number;
}

/** For metrics. */
export interface WorkQueueState {
  /** Keys ready to be taken. */
  readonly ready: number;
  /** Keys waiting for their time. */
  readonly delayed: number;
  readonly processing: number;
  /** Keys whose last try failed. */
  readonly failing: number;
}

interface Delayed {
  readonly at: number;
  readonly timer: Timer;
}

/**
 * Keys to be worked on. A key is in the queue once, however often it is added; while one worker has it no other gets it, and if it is added
 * meanwhile it comes again afterwards. Keys wait for their own time: a failing one holds up nobody.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #minRetryMs: number;
  readonly #ready = new Set<string>();
  readonly #again = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, { count: number; lastMs: number }>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #shut = false;
  #onDrained: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? { firstMs: 1_000, maxMs: 300_000 };
    this.#minRetryMs = options.minRetryMs ?? 1_000;
  }

  state(): WorkQueueState {
    return { ready: this.#ready.size, delayed: this.#delayed.size, processing: this.#processing.size, failing: this.#failures.size };
  }

  /** Work on this as soon as possible; a key that is failing keeps its least distance. */
  add(key: string): void {
    if (this.#shut) return;
    const failed = this.#failures.get(key);
    const earliest = failed === undefined ? 0 : failed.lastMs + this.#minRetryMs;
    const wait = earliest - this.#clock.monotonic();
    if (wait > 0) {
      this.addAfter(key, wait);
      return;
    }
    this.#cancelDelay(key);
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#ready.has(key) ? undefined : this.#takers.shift();
    if (taker) {
      this.#processing.add(key);
      taker(key);
    } else {
      this.#ready.add(key);
    }
  }

  /** Work on this in `ms` milliseconds, or earlier if asked so already. */
  addAfter(key: string, ms: number): void {
    if (this.#shut) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.monotonic() + ms;
    const known = this.#delayed.get(key);
    if (this.#ready.has(key) || (known !== undefined && known.at <= at)) return;
    known?.timer.cancel();
    const timer = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** The last try failed: work on this again after its back-off (at least `leastMs`). Returns the wait in milliseconds. */
  retry(key: string, leastMs = 0): number {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.set(key, { count, lastMs: this.#clock.monotonic() });
    // Asked for again while it failed: what it failed on may be mended, so the shortest distance is enough.
    const own = this.#again.delete(key) ? 0 : backoffMs(this.#backoff, count, this.#random);
    const wait = Math.max(own, leastMs, this.#minRetryMs);
    this.addAfter(key, wait);
    return wait;
  }

  /** The last try succeeded: the next failure starts from the shortest wait. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Tries that failed in a row. */
  failures(key: string): number {
    return this.#failures.get(key)?.count ?? 0;
  }

  /** The next key, which then belongs to the caller until `done`; `undefined` once the queue is shut. */
  take(): Promise<string | undefined> {
    if (this.#shut) return Promise.resolve(undefined);
    const [key] = this.#ready;
    if (key === undefined) return new Promise((resolve) => this.#takers.push(resolve));
    this.#ready.delete(key);
    this.#processing.add(key);
    return Promise.resolve(key);
  }

  /** Gives a taken key back. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.add(key);
    if (this.#processing.size === 0) for (const resolve of this.#onDrained.splice(0)) resolve();
  }

  /** Hands out nothing more, forgets what waits, and resolves when every taken key was given back. */
  shutDown(): Promise<void> {
    this.#shut = true;
    this.#ready.clear();
    this.#again.clear();
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const resolve of this.#takers.splice(0)) resolve(undefined);
    if (this.#processing.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.timer.cancel();
    this.#delayed.delete(key);
  }
}
