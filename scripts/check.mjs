// The one gate: format, lint, types, dead code, documents in sync, then every test. Stops at nothing, tells everything, exits 1 if one is red.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = process.execPath;
const bin = (name) => join(root, 'node_modules', '.bin', name);

const gates = [
  ['format and lint', bin('biome'), ['check', '.']],
  ['lint', bin('oxlint'), ['--deny-warnings', 'src', 'test', 'bench', 'scripts']],
  ['types', node, ['node_modules/typescript7/bin/tsc', '-p', '.']],
  ['types of the package', node, ['scripts/build.mjs', '--release']],
  ['dead code', bin('knip'), []],
  ['documents in sync', node, ['scripts/docs.mjs', '--check']],
  ['layers and tests', bin('vitest'), ['run']],
];

const only = process.argv.slice(2);
const red = [];
for (const [name, command, args] of gates) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) continue;
  const start = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok ' : 'RED'} ${name} (${seconds} s)`);
  if (status !== 0) red.push(name);
}
if (red.length > 0) console.log(`red: ${red.join(', ')}`);
process.exit(red.length > 0 ? 1 : 0);
