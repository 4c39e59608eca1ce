import { describe, expect, it } from 'vitest';
import { plantedBugs, withoutBug } from './planted-bugs.ts';
import { runSeed } from './run-seed.ts';
import { firstCaught, simulate } from './simulate.ts';
import { noFaults } from './world/faults.ts';

/** Seeds of every run of the tests; `npm run test:simulation` takes 10,000, and replays one. */
const SEEDS = 300;
/** Seeds within which each planted bug must be found. */
const BUDGET = 40;
const REPLAYED = 8;
/** Seeds of the real controller under the faults of each planted bug. */
const CONTROLS = 10;

describe('the Profile controller under faults', () => {
  it(`keeps every invariant in ${SEEDS} runs, and comes to rest as wanted`, { timeout: 300_000 }, async () => {
    const report = await simulate(1, SEEDS);
    const said = report.failed.map(({ seed, violations }) => ({ seed, ...violations[0] }));
    expect(said).toEqual([]);
    expect(report.tally.never()).toEqual([]);
  });

  it('lets no subject outlive its profile when nobody else writes to the role', { timeout: 120_000 }, async () => {
    const report = await simulate(1, 15, {
      faults: {
        ...noFaults,
        iamLateApply: 0.15,
        iamLostAnswer: 0.15,
        iamStaleMs: 12_000,
        crash: 1,
        pause: 1,
        restart: 0.5,
        kubeRefused: 0.05,
      },
    });
    expect(report.failed).toEqual([]);
    expect(report.wrongs.filter(({ kind }) => kind === 'outlived')).toEqual([]);
  });

  it('runs the same way twice', { timeout: 60_000 }, async () => {
    for (let seed = 1; seed <= REPLAYED; seed += 1) {
      const [first, second] = [await runSeed(seed), await runSeed(seed)];
      expect(second.hash).toBe(first.hash);
    }
  });
});

describe('planted bugs', () => {
  it.each(plantedBugs.map((bug) => [bug.name, bug] as const))('are caught: %s', { timeout: 120_000 }, async (_name, bug) => {
    expect(await firstCaught(bug.breaks, BUDGET, bug.settings)).toBeTypeOf('number');
  });

  // A mix drawn at random is what the runs above have; the faults of a bug are harsher in one kind.
  const controls = plantedBugs.filter((bug) => bug.settings.faults !== undefined);
  it.each(controls.map((bug) => [bug.name, bug] as const))(
    'are not found where there is none, under the same faults: %s',
    { timeout: 120_000 },
    async (_name, bug) => {
      const { failed } = await simulate(1, CONTROLS, withoutBug(bug));
      // Where a trust policy has no room for all, the oracle of who shall be trusted does not apply.
      const counts = (invariant: string): boolean => bug.settings.quota === undefined || bug.breaks.includes(invariant);
      const said = failed.flatMap(({ seed, violations }) =>
        violations.filter(({ invariant }) => counts(invariant)).map((violation) => ({ seed, ...violation })),
      );
      expect(said).toEqual([]);
    },
  );
});
