import type { Random } from './scheduler.ts';

/** Everything that can go wrong, each with its chance per occasion; 0 is off. */
export interface FaultMix {
  /** Kubernetes: refused before, and failed after the write was applied. */
  readonly kubeRefused: number;
  readonly kubeLostAnswer: number;
  /** The API server is away for up to 16 s, for requests and for the lease; chances per virtual minute. */
  readonly kubeOutage: number;
  /** Caches lag by up to this many milliseconds. */
  readonly cacheLagMs: number;
  /** A process that starts is listed the state of up to this many milliseconds ago. */
  readonly staleListMs: number;
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
  /** Somebody copies our Sid to a statement of theirs for a while: nothing may be written meanwhile. */
  readonly foreignCopy: number;
  /** The role is deleted, and made again some time later. */
  readonly roleRecreated: number;
}
export type FaultKind = keyof FaultMix;

/** Caches lag by this much in the best of worlds. */
const LAG_MS = 20;

export const noFaults: FaultMix = {
  kubeRefused: 0,
  kubeLostAnswer: 0,
  kubeOutage: 0,
  cacheLagMs: 0,
  staleListMs: 0,
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
  foreignCopy: 0,
  roleRecreated: 0,
};

const CEILINGS: FaultMix = {
  kubeRefused: 0.08,
  kubeLostAnswer: 0.05,
  kubeOutage: 0.4,
  cacheLagMs: 20_000,
  staleListMs: 60_000,
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
  foreignCopy: 0.3,
  roleRecreated: 0.3,
};

/** Every kind of fault, in the order of the table above. */
export const FAULT_KINDS = Object.keys(CEILINGS) as readonly FaultKind[];

/** A mix drawn swarm-style: each kind is on or off, and on at a random rate; one run in ten has none. */
export function drawFaults(random: Random): FaultMix {
  if (random.chance(0.1)) return noFaults;
  const on = random.between(0.2, 0.8);
  const drawn = FAULT_KINDS.map((kind) => [kind, random.chance(on) ? CEILINGS[kind] * random.between(0.1, 1) : 0]);
  return Object.fromEntries(drawn) as unknown as FaultMix;
}

/** Which kinds have fired; a kind that never fires in a whole run of the simulation hides the bugs it would show. */
export class FaultTally {
  readonly fired = new Map<FaultKind, number>();

  hit(kind: FaultKind): void {
    this.fired.set(kind, (this.fired.get(kind) ?? 0) + 1);
  }

  never(): readonly FaultKind[] {
    return FAULT_KINDS.filter((kind) => !this.fired.has(kind));
  }

  add(other: { readonly fired: Iterable<readonly [FaultKind, number]> }): void {
    for (const [kind, count] of other.fired) this.fired.set(kind, (this.fired.get(kind) ?? 0) + count);
  }
}

/** What a process does that faults may meet. */
export type CallKind = 'kube' | 'record' | 'iam read' | 'iam write' | 'news' | 'start';

/** One fault that met the `nth` call of a kind: `arg` is milliseconds, or versions back. */
export interface CallFault {
  readonly call: CallKind;
  readonly nth: number;
  readonly kind: FaultKind;
  readonly arg: number;
}

/** The faults of one call with their arguments. */
export type Met = ReadonlyMap<FaultKind, number>;

interface Occasion {
  readonly kind: FaultKind;
  readonly chance: (mix: FaultMix) => number;
  readonly arg?: (random: Random, mix: FaultMix) => number;
  /** Nothing further can go wrong with this call. */
  readonly last?: boolean;
}

const rate = (kind: FaultKind, arg?: Occasion['arg']): Occasion => ({
  kind,
  chance: (mix) => mix[kind],
  ...(arg === undefined ? {} : { arg }),
  last: true,
});
const span = (kind: FaultKind): Occasion => ({
  kind,
  chance: (mix) => (mix[kind] > 0 ? 1 : 0),
  arg: (random, mix) => Math.round(random.between(0, mix[kind])),
});

const OCCASIONS: Readonly<Record<CallKind, readonly Occasion[]>> = {
  kube: [rate('kubeRefused'), rate('kubeLostAnswer')],
  record: [rate('recordConflict')],
  'iam read': [
    // The worst moment for a pause is between the last look and the write.
    { kind: 'pause', chance: (mix) => mix.pause / 100, arg: (random) => Math.round(random.between(5_000, 60_000)) },
    { kind: 'iamStaleMs', chance: (mix) => (mix.iamStaleMs > 0 ? 1 : 0), arg: (random) => random.below(6) },
    rate('iamHang'),
    rate('iamThrottled'),
    rate('iamDenied'),
  ],
  'iam write': [
    rate('iamThrottled'),
    rate('iamTimeout'),
    // SigV4 refuses what arrives more than five minutes after it was signed.
    rate('iamLateApply', (random) => Math.round(random.between(0, 299_000))),
    rate('iamLostAnswer'),
  ],
  news: [rate('missedEvent'), span('cacheLagMs')],
  start: [span('staleListMs')],
};

const NONE: Met = new Map();

/**
 * Decides which calls meet faults: drawn from a stream of its own, so that the rest of a run does not depend on it, or read from a script
 * of a former run. Either way what was met is written down.
 */
export class CallFaults {
  readonly met: CallFault[] = [];
  readonly #random: Random;
  readonly #mix: () => FaultMix;
  readonly #script: ReadonlyMap<string, Met> | undefined;
  readonly #counts: Record<CallKind, number> = { kube: 0, record: 0, 'iam read': 0, 'iam write': 0, news: 0, start: 0 };

  constructor(random: Random, mix: () => FaultMix, script?: readonly CallFault[]) {
    this.#random = random;
    this.#mix = mix;
    this.#script = script === undefined ? undefined : byCall(script);
  }

  next(call: CallKind): Met {
    this.#counts[call] += 1;
    const nth = this.#counts[call];
    const mix = this.#mix();
    if (mix === noFaults) return NONE;
    const met = this.#script === undefined ? this.#draw(call, mix) : (this.#script.get(`${call} ${nth}`) ?? NONE);
    for (const [kind, arg] of met) this.met.push({ call, nth, kind, arg });
    return met;
  }

  #draw(call: CallKind, mix: FaultMix): Met {
    let met: Map<FaultKind, number> | undefined;
    for (const { kind, chance, arg, last } of OCCASIONS[call]) {
      const p = chance(mix);
      if (p === 0 || (p < 1 && !this.#random.chance(p))) continue;
      met ??= new Map();
      met.set(kind, arg?.(this.#random, mix) ?? 0);
      if (last) break;
    }
    return met ?? NONE;
  }
}

function byCall(script: readonly CallFault[]): ReadonlyMap<string, Met> {
  const calls = new Map<string, Map<FaultKind, number>>();
  for (const { call, nth, kind, arg } of script) {
    const key = `${call} ${nth}`;
    calls.set(key, (calls.get(key) ?? new Map<FaultKind, number>()).set(kind, arg));
  }
  return calls;
}

/** How long news takes to a cache, in milliseconds. */
export function lagOf(random: Random, met: Met): number {
  return random.between(1, LAG_MS) + (met.get('cacheLagMs') ?? 0);
}
