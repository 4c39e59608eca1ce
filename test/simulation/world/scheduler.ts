import type { Clock, Timer } from '../../../src/base/clock.ts';

/** A seeded generator (mulberry32): the same seed gives the same run. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** An integer in [0, n). */
  below(n: number): number;
  chance(p: number): boolean;
  pick<T>(from: readonly T[]): T;
  between(from: number, to: number): number;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    next,
    below,
    chance: (p) => next() < p,
    pick: (from) => from[below(from.length)] as never,
    between: (low, high) => low + next() * (high - low),
  };
}

interface Entry {
  readonly at: number;
  readonly tie: number;
  readonly order: number;
  readonly name: string;
  readonly run: () => unknown;
  cancelled: boolean;
}

/** What an event answers that let no promise go on and changed nothing that anybody watches: nothing is looked at after it. */
export const QUIET: unique symbol = Symbol('quiet');

/** Virtual time: events in order of (time, seeded tie). Nothing else moves. */
export class Scheduler {
  readonly random: Random;
  readonly #heap: Entry[] = [];
  #now = 0;
  #order = 0;
  #steps = 0;

  constructor(random: Random) {
    this.random = random;
  }

  get now(): number {
    return this.#now;
  }

  get steps(): number {
    return this.#steps;
  }

  /** An event that answers `QUIET` costs next to nothing. */
  at(delayMs: number, name: string, run: () => unknown): Timer {
    const entry: Entry = {
      at: this.#now + Math.max(0, delayMs),
      tie: this.random.next(),
      order: this.#order++,
      name,
      run,
      cancelled: false,
    };
    this.#push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  /** Runs until virtual time `until`; `after` is called when every consequence of an event has happened. */
  async runUntil(until: number, after: (name: string) => void): Promise<void> {
    for (;;) {
      const [next] = this.#heap;
      if (next === undefined || next.at > until) break;
      this.#pop();
      if (next.cancelled) continue;
      this.#now = next.at;
      this.#steps += 1;
      if (next.run() === QUIET) continue;
      await settle();
      after(next.name);
    }
    this.#now = Math.max(this.#now, until);
  }

  /** Wall time starts at a fixed date; monotonic time is the virtual one. */
  clock(name: string): Clock {
    return {
      now: () => new Date(Date.UTC(2026, 0, 1) + Math.floor(this.#now)),
      monotonic: () => this.#now,
      after: (ms, run) => this.at(ms, name, run),
    };
  }

  #less(a: Entry, b: Entry): boolean {
    return a.at !== b.at ? a.at < b.at : a.tie !== b.tie ? a.tie < b.tie : a.order < b.order;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    heap.push(entry);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#less(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const least = right < heap.length && this.#less(heap[right]!, heap[left]!) ? right : left;
      if (!this.#less(heap[least]!, heap[at]!)) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

/** Lets every promise that can go on do so: Node runs what waits for the next tick only when no microtask is left. */
function settle(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
