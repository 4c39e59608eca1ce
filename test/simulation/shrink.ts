import type { Case } from './case.ts';
import { type RunSettings, runCase } from './run-seed.ts';
import { type FaultMix, noFaults } from './world/faults.ts';

/** What is left of a failing case, and how many runs that took. */
export interface Shrunk {
  readonly case: Case;
  readonly runs: number;
}

const MOST_RUNS = 400;

/**
 * The least part of a failing case that still breaks the same invariant: first faults are dropped, then what users do. The faults that calls
 * met become a list of their own, so that what is left can be kept after the code has changed: a seed holds for one commit, a list for ever.
 */
export async function shrink(failing: Case, invariant: string, settings: RunSettings = {}): Promise<Shrunk> {
  let runs = 0;
  const fails = async (one: Case): Promise<boolean> => {
    runs += 1;
    const { violations } = await runCase(one, settings);
    return violations.some((violation) => violation.invariant === invariant);
  };
  const { calls } = await runCase(failing, settings);
  let one: Case = { ...failing, calls };
  if (!(await fails(one))) return { case: failing, runs };
  const budget = (): boolean => runs < MOST_RUNS;
  one = { ...one, calls: await fewest(calls, (some) => fails({ ...one, calls: some }), budget) };
  const { foreignNamespace: _foreign, ...without } = one;
  if (one.foreignNamespace !== undefined && (await fails(without))) one = without;
  for (const isUser of [false, true]) {
    const kept = one.events.filter((event) => (event.kind === 'user') !== isUser);
    const dropped = one.events.filter((event) => (event.kind === 'user') === isUser);
    const together = (some: Case['events']): Case => ({ ...one, events: [...kept, ...some].sort((a, b) => a.at - b.at) });
    one = together(await fewest(dropped, (some) => fails(together(some)), budget));
  }
  return { case: { ...one, mix: onlyUsed(one) }, runs };
}

/** Delta debugging: leaves out ever smaller parts while the rest still fails. */
async function fewest<T>(items: readonly T[], fails: (some: readonly T[]) => Promise<boolean>, goOn: () => boolean): Promise<readonly T[]> {
  let left = items;
  for (let parts = 1; left.length > 0 && parts <= left.length && goOn(); ) {
    const size = Math.ceil(left.length / parts);
    let smaller: readonly T[] | undefined;
    for (let from = 0; from < left.length && smaller === undefined && goOn(); from += size) {
      const rest = [...left.slice(0, from), ...left.slice(from + size)];
      if (await fails(rest)) smaller = rest;
    }
    if (smaller === undefined) parts = parts === left.length ? parts + 1 : Math.min(left.length, parts * 2);
    else {
      left = smaller;
      parts = Math.max(1, parts - 1);
    }
  }
  return left;
}

/** Rates of kinds that the case does not have any more say nothing; how old reads may be is asked all the same. */
function onlyUsed({ mix, calls, events }: Case): FaultMix {
  const used = new Set<string>([...(calls ?? []), ...events].map(({ kind }) => kind));
  const left = Object.entries(mix).map(([kind, rate]) => [kind, used.has(kind) ? rate : noFaults[kind as keyof FaultMix]]);
  return Object.fromEntries(left) as unknown as FaultMix;
}

/** A case as it is kept: rates of zero left out, so that it can be read and a new kind of fault changes none. */
export type KeptCase = Omit<Case, 'mix'> & { readonly mix: Partial<FaultMix> };

export function keptCase(one: Case): KeptCase {
  const mix = Object.fromEntries(Object.entries(one.mix).filter(([, rate]) => rate !== 0));
  return { ...one, mix };
}

export function caseOf(kept: KeptCase): Case {
  return { ...kept, mix: { ...noFaults, ...kept.mix } };
}
