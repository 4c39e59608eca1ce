import type { Clock, Timer } from '../../src/base/clock.ts';

/** A clock that stands still until it is told: `advance` runs what is due, in order, and lets promises settle in between. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #sequence = 0;
  readonly #timers = new Map<number, { readonly at: number; readonly run: () => void }>();
  readonly #epoch: number;

  constructor(epoch = '2026-01-01T00:00:00.000Z') {
    this.#epoch = Date.parse(epoch);
  }

  now(): Date {
    return new Date(this.#epoch + this.#nowMs);
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): Timer {
    const id = this.#sequence++;
    this.#timers.set(id, { at: this.#nowMs + Math.max(0, ms), run });
    return { cancel: () => void this.#timers.delete(id) };
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#nowMs = Math.max(this.#nowMs, due[1].at);
      due[1].run();
      await settle();
    }
    this.#nowMs = end;
    await settle();
  }
}

/** Lets every promise that can settle without time or I/O do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
