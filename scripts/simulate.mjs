// `npm run test:simulation [-- --seeds 10000] [--from 1]`: many seeds of the Profile controller under faults, on every core.
// `npm run test:simulation -- --replay SEED`: one seed once more, with all that happened in it.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '10000' }, from: { type: 'string', default: '1' }, replay: { type: 'string' } },
});

const folder = mkdtempSync(join(tmpdir(), 'podrole-simulation-'));
try {
  const outfile = join(folder, 'worker.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['test/simulation/worker.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    define: { PODROLE_VERSION: '"simulation"' },
    banner: { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  process.exitCode = values.replay === undefined ? await all(outfile) : await replay(outfile, Number(values.replay));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One message of a worker; rejects when it ends without one. */
function ask(worker, request) {
  return new Promise((resolve, reject) => {
    const onExit = (code) => reject(new Error(`a worker ended with ${code}`));
    worker.once('exit', onExit);
    worker.once('message', (answer) => {
      worker.off('exit', onExit);
      resolve(answer);
    });
    worker.send(request);
  });
}

async function all(outfile) {
  const [seeds, from] = [Number(values.seeds), Number(values.from)];
  const end = from + seeds;
  const start = performance.now();
  const fired = new Map();
  const failed = [];
  const wrongs = [];
  const sums = { cpuMs: 0, events: 0, virtualMs: 0, lost: 0 };
  let kinds = [];
  let next = from;
  let done = 0;
  const work = async () => {
    const worker = fork(outfile);
    while (next < end) {
      const request = { from: next, count: Math.min(50, end - next) };
      next += request.count;
      const report = await ask(worker, request);
      kinds = report.kinds;
      for (const [kind, count] of report.fired) fired.set(kind, (fired.get(kind) ?? 0) + count);
      for (const name of Object.keys(sums)) sums[name] += report[name];
      wrongs.push(...report.wrongs);
      for (const one of report.failed) {
        failed.push(one);
        console.log(`seed ${one.seed}: ${one.invariant} at ${(one.at / 1000).toFixed(1)} s: ${one.message}`);
      }
      done += request.count;
      if (done % 1000 < request.count) console.log(`${done} of ${seeds} seeds, ${((performance.now() - start) / 1000).toFixed(0)} s`);
    }
    worker.kill();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const never = kinds.filter((kind) => !fired.has(kind));
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${seeds} seeds from ${from} in ${seconds.toFixed(0)} s: ${(seeds / seconds).toFixed(0)} seeds and ${Math.round(sums.events / seconds)} events a second, ` +
      `${(sums.cpuMs / seeds).toFixed(1)} ms of CPU a seed, ${(sums.virtualMs / 86_400_000).toFixed(1)} virtual days; ${failed.length} failed`,
  );
  console.log(`faults: ${kinds.map((kind) => `${kind} ${fired.get(kind) ?? 0}`).join(', ')}`);
  console.log(`foreign statements lost between our look and our write: ${sums.lost}`);
  for (const line of intervalLines(wrongs)) console.log(line);
  if (never.length > 0) console.log(`faults that never fired: ${never.join(', ')}`);
  if (failed.length > 0) console.log(`npm run test:simulation -- --replay ${failed[0].seed}`);
  return failed.length > 0 || never.length > 0 ? 1 : 0;
}

/** How long subjects were trusted that should not have been, in virtual seconds. */
function intervalLines(wrongs) {
  const kinds = [
    ['trusted without a profile', (one) => one.kind === 'outlived' && !one.excused],
    ['trusted without a profile after a foreign overwrite', (one) => one.kind === 'outlived' && one.excused],
    ['trusted after the profile was deleted or named another role', (one) => one.kind === 'lingered'],
    ['trusted again by a write that landed late', (one) => one.kind === 'landed'],
    ['trusted again by somebody else', (one) => one.kind === 'foreign'],
    ['trusted by our own write when nobody wanted it', (one) => one.kind === 'early'],
  ];
  return kinds.map(([name, is]) => {
    const ms = wrongs.filter(is).map((one) => one.ms);
    ms.sort((a, b) => a - b);
    const at = (share) => `${((ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? 0) / 1000).toFixed(1)} s`;
    return `${name}: ${ms.length} times, p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`;
  });
}

async function replay(outfile, seed) {
  const worker = fork(outfile);
  const { tail, violations } = await ask(worker, { replay: seed });
  worker.kill();
  for (const line of tail) console.log(line);
  for (const { invariant, at, message } of violations) console.log(`${invariant} at ${(at / 1000).toFixed(3)} s: ${message}`);
  return violations.length > 0 ? 1 : 0;
}
