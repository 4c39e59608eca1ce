import type { Wrong } from './findings.ts';
import { type RunResult, type RunSettings, runSeed } from './run-seed.ts';
import { FaultTally } from './world/faults.ts';

/** What a row of runs came to. */
export interface SimulationReport {
  readonly seeds: number;
  readonly failed: readonly RunResult[];
  readonly tally: FaultTally;
  /** Every time that a subject was trusted and should not have been. */
  readonly wrongs: readonly Wrong[];
  /** Foreign statements overwritten between our last look and our write. */
  readonly lost: number;
  readonly events: number;
  readonly virtualMs: number;
}

/** Runs `count` seeds from `from` on. */
export async function simulate(from: number, count: number, settings: RunSettings = {}): Promise<SimulationReport> {
  const tally = new FaultTally();
  const failed: RunResult[] = [];
  const wrongs: Wrong[] = [];
  let [lost, events, virtualMs] = [0, 0, 0];
  for (let seed = from; seed < from + count; seed += 1) {
    const result = await runSeed(seed, settings);
    if (result.violations.length > 0) failed.push(result);
    tally.add(result.tally);
    wrongs.push(...result.wrongs);
    lost += result.lost;
    events += result.events;
    virtualMs += result.virtualMs;
    // Whoever started this process may want to hear that it lives.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { seeds: count, failed, tally, wrongs, lost, events, virtualMs };
}

/** The first seed from 1 on that breaks one of these invariants, within a budget. */
export async function firstCaught(invariants: readonly string[], budget: number, settings: RunSettings): Promise<number | undefined> {
  for (let seed = 1; seed <= budget; seed += 1) {
    const { violations } = await runSeed(seed, settings);
    if (violations.some((violation) => invariants.includes(violation.invariant))) return seed;
  }
  return undefined;
}
