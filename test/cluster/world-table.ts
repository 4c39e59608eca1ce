import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { WorldName } from '../support/worlds/world.ts';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  ms: number;
}

const WORLDS: readonly WorldName[] = ['sandbox', 'real'];

/** Prints, in the end, what passed and how long it took on either world, suite by suite. */
export class WorldTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suites = new Map<string, Map<string, Tally>>();
    for (const module of modules) {
      for (const suite of module.children.suites()) {
        const row = suites.get(suite.name) ?? new Map<string, Tally>();
        suites.set(suite.name, row);
        row.set(module.project.name, tally([...suite.children.allTests()]));
      }
    }
    if (suites.size === 0) return;
    const lines = [...suites].map(([subject, row]) => [subject, ...WORLDS.map((world) => cell(row.get(world)))]);
    const totals = WORLDS.map((world) => cell(sum([...suites.values()].flatMap((row) => row.get(world) ?? []))));
    const all = [['suite', ...WORLDS], ...lines, ['all', ...totals]];
    const widths = [0, 1, 2].map((column) => Math.max(...all.map((line) => (line[column] ?? '').length)));
    const text = all.map((line) =>
      line
        .map((value, column) => value.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    );
    process.stdout.write(`\n${text.join('\n')}\n\n`);
  }
}

function tally(tests: readonly TestCase[]): Tally {
  const states = tests.map((test) => test.result().state);
  return {
    passed: states.filter((state) => state === 'passed').length,
    failed: states.filter((state) => state === 'failed').length,
    skipped: states.filter((state) => state === 'skipped').length,
    ms: tests.reduce((total, test) => total + (test.diagnostic()?.duration ?? 0), 0),
  };
}

function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped, ms: a.ms + b.ms }),
    { passed: 0, failed: 0, skipped: 0, ms: 0 },
  );
}

function cell(of: Tally | undefined): string {
  if (of === undefined) return '-';
  const { passed, failed, skipped, ms } = of;
  if (passed + failed === 0) return `${skipped} skipped`;
  const parts = [`${passed} passed`, ...(failed > 0 ? [`${failed} FAILED`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])];
  return `${parts.join(', ')} in ${(ms / 1000).toFixed(1)} s`;
}
