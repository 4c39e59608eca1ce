import { it } from 'vitest';
import { plantedBugs } from './planted-bugs.ts';
import { type RunSettings, runSeed } from './run-seed.ts';

const variants: [string, RunSettings, number][] = [
  ['none', {}, 1200],
  ...plantedBugs.map((b) => [b.name, b.settings, 25] as [string, RunSettings, number]),
  ...plantedBugs
    .filter((b) => b.settings.faults)
    .map((b) => ['CLEAN ' + b.name, { faults: b.settings.faults! }, 15] as [string, RunSettings, number]),
];
for (const [name, settings, N] of variants)
  it(name, { timeout: 600_000 }, async () => {
    const t = Date.now();
    let bad = 0,
      first = 0,
      out = 0,
      linger = 0,
      lost = 0;
    const kinds = new Map<string, number>();
    for (let seed = 1; seed <= N; seed += 1) {
      const result = await runSeed(seed, settings);
      out = Math.max(out, result.intervals.outlived);
      linger = Math.max(linger, result.intervals.lingered);
      lost += result.lost;
      if (result.violations.length > 0) {
        bad += 1;
        first ||= seed;
        for (const v of new Set(result.violations.map((v) => v.invariant))) kinds.set(v, (kinds.get(v) ?? 0) + 1);
        if ((name === 'none' || name.startsWith('CLEAN')) && bad < 4) console.log(name, seed, result.violations[0]);
      }
    }
    console.log(
      name,
      'bad',
      bad,
      'first',
      first,
      [...kinds].join(' '),
      'out',
      out | 0,
      'linger',
      linger | 0,
      'lost',
      lost,
      'ms',
      Date.now() - t,
    );
  });
