import { isDeepStrictEqual } from 'node:util';
import { drawCase } from './case.ts';
import { crashJourney } from './crash-journey.ts';
import { type RunResult, runCase, runSeed } from './run-seed.ts';
import { keptCase, shrink } from './shrink.ts';
import { perturbed, workloads } from './sieve.ts';
import { simulate } from './simulate.ts';
import { drawWalk, specSchema } from './spec-walks.ts';
import { walk } from './walk.ts';
import { withoutRemains } from './world/end-state.ts';
import { FAULT_KINDS, noFaults } from './world/faults.ts';
import { seededRandom } from './world/scheduler.ts';

/** What `scripts/simulate.mjs` asks of a worker process: a part of one kind of work, or one seed in full. */
type Asked =
  | { readonly does: 'seeds' | 'replays' | 'walks' | 'sieve' | 'pairs'; readonly from: number; readonly count: number }
  | { readonly does: 'shrink' | 'trace'; readonly seed: number };

interface Failure {
  readonly name: string;
  readonly message: string;
}

const STEPS_OF_A_WALK = 6;
const LAST_EVENTS = 40;
const LONGEST_LINE = 300;

async function answer(asked: Asked): Promise<object> {
  switch (asked.does) {
    case 'trace':
      return trace(asked.seed);
    case 'shrink':
      return shrunk(asked.seed);
    case 'seeds': {
      const report = await simulate(asked.from, asked.count);
      const failed = report.failed.map(({ seed, violations }) => ({ seed, ...violations[0] }));
      return { ...report, kinds: FAULT_KINDS, fired: [...report.tally.fired], failed };
    }
    case 'replays':
      return { hashes: await hashes(asked), failed: [] };
    default:
      return { failed: await each(asked, { walks: walkOnce, sieve: sieveOnce, pairs: pairOnce }[asked.does]) };
  }
}

async function each(
  { from, count }: { from: number; count: number },
  run: (seed: number) => Promise<string | undefined>,
): Promise<Failure[]> {
  const failed: Failure[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const message = await run(seed).catch((error: unknown) => String(error));
    if (message !== undefined) failed.push({ name: String(seed), message });
  }
  return failed;
}

/** A walk ends where a fresh apply of its last spec ends. */
async function walkOnce(seed: number): Promise<string | undefined> {
  const steps = drawWalk(seed, { schema: specSchema(), steps: STEPS_OF_A_WALK });
  const walked = await walk(steps, { seed, mix: noFaults });
  const fresh = await walk(steps.slice(-1), { seed, mix: noFaults });
  const [end, wanted] = [walked.states.at(-1), fresh.states[0]];
  if (end !== undefined && wanted !== undefined && isDeepStrictEqual(withoutRemains(end), withoutRemains(wanted))) return undefined;
  return `${JSON.stringify(steps.map(({ spec }) => spec))} ends in ${JSON.stringify(end)}, a fresh apply in ${JSON.stringify(wanted)}`;
}

/** A workload under a perturbation takes the same states and makes and deletes as much as without one. */
async function sieveOnce(seed: number): Promise<string | undefined> {
  const { name, steps } = workloads[seed % workloads.length] ?? { name: '', steps: [] };
  const [{ tally: _plainTally, ...plain }, { tally: _tally, ...run }] = [
    await walk(steps, { seed: 1, mix: noFaults }),
    await perturbed(steps, seed),
  ];
  if (isDeepStrictEqual(run, plain)) return undefined;
  return `${name} ends in ${JSON.stringify(run)}, unperturbed in ${JSON.stringify(plain)}`;
}

/** Two crashes, the second wherever the first has led to. */
async function pairOnce(seed: number): Promise<string | undefined> {
  const whole = await crashJourney(() => false, 600_000);
  const random = seededRandom(seed);
  const first = 1 + random.below(whole.steps);
  const second = first + 1 + random.below(40);
  const crashed = await crashJourney((step) => step === first || step === second, 600_000);
  if (crashed.violations.length === 0 && isDeepStrictEqual(crashed.end, whole.end)) return undefined;
  return `crashes at steps ${first} and ${second}: ${JSON.stringify(crashed.violations.slice(0, 3))}`;
}

async function hashes({ from, count }: { readonly from: number; readonly count: number }): Promise<readonly string[]> {
  const made: string[] = [];
  for (let seed = from; seed < from + count; seed += 1) made.push((await runSeed(seed)).hash);
  return made;
}

const shorter = (line: string): string => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line);

async function trace(seed: number): Promise<Pick<RunResult, 'tail' | 'violations'>> {
  const { tail, violations } = await runSeed(seed, { trace: true });
  return { tail: tail.map(shorter), violations };
}

/** The least case that still fails, what it breaks, and the last that happened in it before it did. */
async function shrunk(seed: number): Promise<object> {
  const { violations } = await runSeed(seed);
  const [first] = violations;
  if (first === undefined) return {};
  const { case: least, runs } = await shrink(drawCase(seed), first.invariant);
  const { tail, violations: left } = await runCase(least, { trace: true });
  const broken = left.find(({ invariant }) => invariant === first.invariant);
  const before = tail.filter((line) => Number.parseFloat(line) <= (broken?.at ?? 0) / 1000 + 0.001);
  return { runs, broken, case: keptCase(least), last: before.slice(-LAST_EVENTS).map(shorter) };
}

process.on('message', (asked: Asked) => {
  const before = process.cpuUsage();
  void answer(asked).then((answered) => {
    const { user, system } = process.cpuUsage(before);
    process.send?.({ ...answered, cpuMs: (user + system) / 1000 });
  });
});
