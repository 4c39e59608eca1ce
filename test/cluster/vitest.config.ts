import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { JOURNEYS } from './journey-table.ts';
import { WorldReporter } from './world-reporter.ts';

const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
/** Suites that say the same of both worlds: those of this folder, and the journeys that take a world. */
const both = [
  'test/cluster/suites/*.test.ts',
  ...Object.entries(JOURNEYS).flatMap(([name, journey]) => ('worlds' in journey ? [`test/journeys/${name}.test.ts`] : [])),
];

export default defineConfig({
  root,
  define: { PODROLE_VERSION: JSON.stringify(version) },
  test: {
    setupFiles: ['test/support/loopback-only.mjs'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // Processes, ports and clocks of a shared machine: CI looks twice before it calls a change red. Locally nothing is tried again.
    retry: process.env.CI ? 2 : 0,
    pool: 'forks',
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // Files wait for namespaces to go more than they work. Each worker has a control plane of its own, as a walk wants it empty.
    maxWorkers: 3,
    reporters: [
      'default',
      new WorldReporter(),
      ...(process.env.PODROLE_REPORT ? ([['json', { outputFile: process.env.PODROLE_REPORT }]] as ['json', object][]) : []),
    ],
    projects: [
      { extends: true, test: { name: 'sandbox', provide: { world: 'sandbox' }, include: both } },
      {
        extends: true,
        test: {
          name: 'real',
          provide: { world: 'real' },
          setupFiles: [join(import.meta.dirname, 'start-plane.ts')],
          include: [...both, 'test/cluster/*.test.ts'],
          globalSetup: [join(import.meta.dirname, 'global-setup.ts')],
        },
      },
    ],
  },
});
