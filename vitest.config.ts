import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

export default defineConfig({
  define: { PODROLE_VERSION: JSON.stringify(version) },
  test: {
    include: ['src/**/*.test.ts', 'test/{architecture,conformance,journeys,vectors,simulation,package}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Processes, ports and clocks of a shared machine: CI looks twice before it calls a change red. Locally nothing is tried again.
    retry: process.env.CI ? 2 : 0,
    pool: 'forks',
    // Every core: the journeys wait more than they work.
    maxWorkers: '100%',
    // CI adds up the runner's own totals from this file.
    reporters: process.env.PODROLE_REPORT ? ['default', ['json', { outputFile: process.env.PODROLE_REPORT }]] : ['default'],
    setupFiles: ['test/support/loopback-only.mjs'],
  },
});
