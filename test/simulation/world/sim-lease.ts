import type { Scheduler } from './scheduler.ts';

const DURATION_MS = 15_000;

/** One Lease as client-go's election uses it: renewed every 2 s, taken when it is 15 s old, released by a holder that stops in good order. */
export class SimLease {
  readonly #scheduler: Scheduler;
  holder: string | undefined;
  #expires = 0;
  #released = true;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Whether `id` holds the lease now, having renewed or acquired it. `takenOver`: from a holder that did not release it. */
  renew(id: string): { readonly held: boolean; readonly acquired: boolean; readonly takenOver: boolean } {
    const now = this.#scheduler.now;
    if (this.holder === id && now < this.#expires) {
      this.#expires = now + DURATION_MS;
      return { held: true, acquired: false, takenOver: false };
    }
    if (this.holder !== undefined && now < this.#expires) return { held: false, acquired: false, takenOver: false };
    const takenOver = this.holder !== undefined && !this.#released;
    this.holder = id;
    this.#released = false;
    this.#expires = now + DURATION_MS;
    return { held: true, acquired: true, takenOver };
  }

  remaining(id: string): number {
    return this.holder === id ? this.#expires - this.#scheduler.now : 0;
  }

  release(id: string): void {
    if (this.holder !== id) return;
    this.holder = undefined;
    this.#released = true;
    this.#expires = 0;
  }
}
