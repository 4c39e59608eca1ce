import type { Random } from './scheduler.ts';

/** Everything that can go wrong, each with its chance per occasion; 0 is off. */
export interface FaultMix {
  /** Kubernetes: refused before, and failed after the write was applied. */
  readonly kubeRefused: number;
  readonly kubeLostAnswer: number;
  /** Caches lag by up to this many milliseconds. */
  readonly cacheLagMs: number;
  /** Watch events that never reach a cache until the relist. */
  readonly missedEvent: number;
  readonly recordConflict: number;
  readonly iamThrottled: number;
  readonly iamDenied: number;
  /** The call fails and was never applied. */
  readonly iamTimeout: number;
  /** Applied, but the answer never comes. */
  readonly iamLostAnswer: number;
  /** No answer, and applied up to 300 s later. */
  readonly iamLateApply: number;
  /** A call that hangs until its deadline. */
  readonly iamHang: number;
  /** Reads may be this old. */
  readonly iamStaleMs: number;
  /** Chances per virtual minute. */
  readonly crash: number;
  readonly pause: number;
  readonly restart: number;
  readonly foreignAppend: number;
  readonly foreignOverwrite: number;
  readonly foreignSubject: number;
}

export const noFaults: FaultMix = {
  kubeRefused: 0,
  kubeLostAnswer: 0,
  cacheLagMs: 20,
  missedEvent: 0,
  recordConflict: 0,
  iamThrottled: 0,
  iamDenied: 0,
  iamTimeout: 0,
  iamLostAnswer: 0,
  iamLateApply: 0,
  iamHang: 0,
  iamStaleMs: 0,
  crash: 0,
  pause: 0,
  restart: 0,
  foreignAppend: 0,
  foreignOverwrite: 0,
  foreignSubject: 0,
};

const CEILINGS: FaultMix = {
  kubeRefused: 0.08,
  kubeLostAnswer: 0.05,
  cacheLagMs: 20_000,
  missedEvent: 0.15,
  recordConflict: 0.1,
  iamThrottled: 0.25,
  iamDenied: 0.1,
  iamTimeout: 0.2,
  iamLostAnswer: 0.2,
  iamLateApply: 0.2,
  iamHang: 0.05,
  iamStaleMs: 12_000,
  crash: 1.5,
  pause: 0.8,
  restart: 0.8,
  foreignAppend: 2,
  foreignOverwrite: 0.7,
  foreignSubject: 0.5,
};

/** A mix drawn swarm-style: each kind is on or off, and on at a random rate; one run in ten has none. */
export function drawFaults(random: Random): FaultMix {
  if (random.chance(0.1)) return noFaults;
  const on = random.between(0.2, 0.8);
  const drawn = Object.entries(CEILINGS).map(([kind, ceiling]) => {
    const rate = random.chance(on) ? ceiling * random.between(0.1, 1) : 0;
    return [kind, kind === 'cacheLagMs' ? Math.max(20, rate) : rate];
  });
  return Object.fromEntries(drawn) as unknown as FaultMix;
}

/** Which kinds have fired; a kind that never fires in a whole run of the simulation hides the bugs it would show. */
export class FaultTally {
  readonly fired = new Map<string, number>();

  hit(kind: keyof FaultMix): void {
    this.fired.set(kind, (this.fired.get(kind) ?? 0) + 1);
  }

  never(): readonly string[] {
    return Object.keys(CEILINGS).filter((kind) => !this.fired.has(kind));
  }

  add(other: FaultTally): void {
    for (const [kind, count] of other.fired) this.fired.set(kind, (this.fired.get(kind) ?? 0) + count);
  }
}
