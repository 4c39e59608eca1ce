import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string };

export default defineConfig({
  define: { PODROLE_VERSION: JSON.stringify(version) },
  root: join(import.meta.dirname, '../..'),
  test: {
    include: ['test/clients/*.test.ts'],
    setupFiles: ['test/support/loopback-only.mjs'],
    // A foreign client may start a process for every call.
    testTimeout: 300_000,
    hookTimeout: 60_000,
    // Processes, ports and clocks of a shared machine: CI looks twice before it calls a change red. Locally nothing is tried again.
    retry: process.env.CI ? 2 : 0,
    pool: 'forks',
    fileParallelism: false,
    reporters: process.env.PODROLE_REPORT ? ['default', ['json', { outputFile: process.env.PODROLE_REPORT }]] : ['default'],
  },
});
