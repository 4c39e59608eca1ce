import { describe, expect, it } from 'vitest';
import { drawCase } from './case.ts';
import { plantedBugs, withoutBug } from './planted-bugs.ts';
import { regressions } from './regressions.ts';
import { runCase, runSeed } from './run-seed.ts';
import { caseOf, shrink } from './shrink.ts';
import { firstCaught, simulate } from './simulate.ts';
import { noFaults } from './world/faults.ts';

/** Seeds within which each planted bug must be found, unless it says otherwise. */
const BUDGET = 40;
/** Seeds of the real controller under the faults of each planted bug. */
const CONTROLS = 5;

describe('planted bugs', () => {
  it('are as many as a harness needs to be trusted', () => {
    expect(new Set(plantedBugs.map((bug) => bug.name)).size).toBe(plantedBugs.length);
    expect(plantedBugs.length).toBeGreaterThanOrEqual(25);
  });

  it.each(plantedBugs.map((bug) => [bug.name, bug] as const))('are caught: %s', { timeout: 120_000 }, async (_name, bug) => {
    expect(await firstCaught(bug.breaks, bug.budget ?? BUDGET, bug.settings)).toBeTypeOf('number');
  });

  // A mix drawn at random is what the other runs have; the faults of a bug are harsher in one kind.
  const controls = plantedBugs.filter(({ settings: { faults } }) => faults !== undefined && Object.values(faults).some((rate) => rate > 0));
  it.each(controls.map((bug) => [bug.name, bug] as const))(
    'are not found where there is none, under the same faults: %s',
    { timeout: 120_000 },
    async (_name, bug) => {
      const { failed } = await simulate(1, CONTROLS, withoutBug(bug));
      expect(failed.map(({ seed, violations }) => ({ seed, ...violations[0] }))).toEqual([]);
    },
  );
});

it('no subject outlives its profile when nobody else writes to the role', { timeout: 120_000 }, async () => {
  const faults = {
    ...noFaults,
    iamLateApply: 0.15,
    iamLostAnswer: 0.15,
    iamStaleMs: 12_000,
    crash: 1,
    pause: 1,
    restart: 0.5,
    kubeRefused: 0.05,
    staleListMs: 60_000,
  };
  const report = await simulate(1, 30, { faults });
  expect(report.failed).toEqual([]);
  expect(report.wrongs.filter(({ kind }) => kind === 'outlived')).toEqual([]);
});

describe('a failing seed', () => {
  const bug = plantedBugs.find(({ name }) => name === 'no quarantine after an unknown outcome');
  const settings = bug?.settings ?? {};

  it('is shrunk to the few things that it takes', { timeout: 120_000 }, async () => {
    const seed = (await firstCaught(['S7'], BUDGET, settings)) ?? 0;
    const drawn = drawCase(seed, settings.faults);
    const { case: least } = await shrink(drawn, 'S7', settings);
    // One life of a profile, and one write that lands late.
    expect(least.calls?.map(({ kind }) => kind)).toEqual(['iamLateApply']);
    expect(least.events.length).toBeLessThan(drawn.events.length / 2);
    expect((await runCase(least, settings)).violations.map(({ invariant }) => invariant)).toContain('S7');
    // Without the mistake the same things do no harm.
    expect((await runCase(least)).violations).toEqual([]);
  });

  it('runs from its list of faults as it did from its seed', async () => {
    const drawn = await runSeed(3);
    expect(drawn.calls.length).toBeGreaterThan(0);
    expect((await runCase({ ...drawCase(3), calls: drawn.calls })).hash).toBe(drawn.hash);
  });
});

it.each(regressions().map((one) => [one.found, one] as const))('does not happen again: %s', async (_found, one) => {
  expect((await runCase(caseOf(one.case))).violations).toEqual([]);
});
