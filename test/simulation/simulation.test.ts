import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Seeds of every run of the tests; `npm run test:simulation` takes 10,000, and replays one. */
const SEEDS = 2_000;
const AMOUNTS = { seeds: SEEDS, replays: 100, walks: 200, sieve: 80, pairs: 30 };

// In processes of their own, as `npm run test:simulation` runs them: bundled, and on every core.
it(`the Profile controller keeps every invariant in ${SEEDS} runs, and comes to rest as wanted`, { timeout: 900_000 }, async () => {
  const flags = Object.entries(AMOUNTS).flatMap(([name, amount]) => [`--${name}`, String(amount)]);
  const ran = promisify(execFile)(process.execPath, ['scripts/simulate.mjs', ...flags]);
  const { stdout } = await ran.catch(({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => ({
    stdout: stdout + stderr,
  }));
  const said = stdout.split('\n').filter((line) => !/ of \d+ seeds, |^faults: |: \d+ times, p50 |^foreign statements lost/.test(line));
  expect(said.map((line) => line.replace(/ in \d+ s.*(?=[;,] \d+ failed)/, '').replace(/[;,] (?=\d+ failed)/, ', '))).toEqual([
    `${SEEDS} seeds from 1, 0 failed`,
    `${AMOUNTS.replays} seeds twice: every trace the same`,
    `${AMOUNTS.walks} walks through the schema, 0 failed`,
    `${AMOUNTS.sieve} workloads with and without perturbation, 0 failed`,
    `${AMOUNTS.pairs} pairs of crashes, 0 failed`,
    '',
  ]);
});
