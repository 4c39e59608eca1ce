import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { JOURNEYS } from './journey-table.ts';
import { differencesIn, type SuiteRow, type Tally, worldReport } from './world-table.ts';

const root = join(import.meta.dirname, '../..');
const DIFFERENCES = 'test/cluster/differences.test.ts';

/** Prints, in the end, what passed and how long it took on either world, suite by suite; after a whole run also what is not the same, and why. */
export class WorldReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length === 0) return;
    const suites = new Map<string, SuiteRow>();
    for (const module of modules) {
      const file = relative(root, module.moduleId);
      const before = suites.get(file);
      const about = [...module.children.suites()].map(({ name }) => name);
      const worlds = { ...before?.worlds, [module.project.name]: tally(module) };
      suites.set(file, { file, about: about.length > 0 ? about : (before?.about ?? []), worlds });
    }
    const whole = suites.has(DIFFERENCES) && suites.has('test/journeys/up.test.ts');
    const report = worldReport({
      suites: [...suites.values()],
      sandboxOnly: whole
        ? Object.entries(JOURNEYS).flatMap(([name, journey]) => ('sandboxOnly' in journey ? [[name, journey.sandboxOnly] as const] : []))
        : [],
      differences: whole ? differencesIn(readFileSync(join(root, 'docs/reference/sandbox-differences.md'), 'utf8')) : [],
    });
    process.stdout.write(`\n${report}\n\n`);
  }
}

/** A hook or an import that fails counts as a failure: its tests never ran. */
function tally(module: TestModule): Tally {
  const states = [...module.children.allTests()].map((test) => test.result().state);
  const broken = module.errors().length + [...module.children.allSuites()].flatMap((suite) => suite.errors()).length;
  return {
    passed: states.filter((state) => state === 'passed').length,
    failed: states.filter((state) => state === 'failed').length + broken,
    skipped: states.filter((state) => state === 'skipped').length,
    ms: module.diagnostic().duration,
  };
}
