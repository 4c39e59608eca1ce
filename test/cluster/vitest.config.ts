import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { WorldTable } from './world-table.ts';

const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

export default defineConfig({
  root,
  define: { PODROLE_VERSION: JSON.stringify(version) },
  test: {
    include: ['test/cluster/**/*.test.ts'],
    globalSetup: ['test/cluster/global-setup.ts'],
    setupFiles: ['test/support/loopback-only.mjs'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // One control plane is shared, and a walk wants it empty.
    fileParallelism: false,
    reporters: [
      'default',
      new WorldTable(),
      ...(process.env.PODROLE_REPORT ? ([['json', { outputFile: process.env.PODROLE_REPORT }]] as ['json', object][]) : []),
    ],
  },
});
