// `npm run test:simulation`: the Profile controller under faults, on every core. By default 10,000 seeds, 100 of them once more (with
// `--node PATH` on another Node) to see that they run the same way, walks through the schema, workloads with and without perturbation, and
// pairs of crashes. `-- --seeds N --replays N --walks N --sieve N --pairs N --from N` for another amount.
// `npm run test:simulation -- --replay SEED`: one seed once more, with all that happened in it.
// `npm run test:simulation -- --shrink SEED`: what is left of a failing seed when everything that it does not need is taken out.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const number = (value) => ({ type: 'string', default: String(value) });
const { values } = parseArgs({
  options: {
    seeds: number(10_000),
    replays: number(100),
    walks: number(1_000),
    sieve: number(400),
    pairs: number(400),
    from: number(1),
    node: { type: 'string', default: process.execPath },
    replay: { type: 'string' },
    shrink: { type: 'string' },
  },
});
const SHRUNK = 3;

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
  const start = (execPath = process.execPath) => fork(outfile, { cwd: root, execPath });
  if (values.replay !== undefined) process.exitCode = await replay(start(), Number(values.replay));
  else if (values.shrink !== undefined) process.exitCode = await explain(start(), Number(values.shrink));
  else process.exitCode = await all(start);
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

/** One kind of work, in parts, on all workers; `take` gets each part's report. */
async function inParts(workers, { does, count, part }, take) {
  const end = Number(values.from) + count;
  let next = Number(values.from);
  await Promise.all(
    workers.map(async (worker) => {
      while (next < end) {
        const request = { does, from: next, count: Math.min(part, end - next) };
        next += request.count;
        take(await ask(worker, request), request);
      }
    }),
  );
}

async function all(start) {
  const workers = Array.from({ length: availableParallelism() }, () => start());
  const failures = [await seeds(workers, Number(values.seeds)), await replays(workers, start, Number(values.replays))];
  for (const does of ['walks', 'sieve', 'pairs']) failures.push(await others(workers, does, Number(values[does])));
  for (const worker of workers) worker.kill();
  return failures.some((count) => count > 0) ? 1 : 0;
}

async function seeds(workers, count) {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const fired = new Map();
  const failed = [];
  const wrongs = [];
  const sums = { cpuMs: 0, events: 0, virtualMs: 0, lost: 0 };
  let kinds = [];
  let done = 0;
  await inParts(workers, { does: 'seeds', count, part: 50 }, (report, request) => {
    kinds = report.kinds;
    for (const [kind, times] of report.fired) fired.set(kind, (fired.get(kind) ?? 0) + times);
    for (const name of Object.keys(sums)) sums[name] += report[name];
    wrongs.push(...report.wrongs);
    for (const one of report.failed) {
      failed.push(one);
      console.log(`seed ${one.seed}: ${one.invariant} at ${(one.at / 1000).toFixed(1)} s: ${one.message}`);
    }
    done += request.count;
    if (done % 1000 < request.count) console.log(`${done} of ${count} seeds, ${seconds().toFixed(0)} s`);
  });
  const never = kinds.filter((kind) => !fired.has(kind));
  console.log(
    `${count} seeds from ${values.from} in ${seconds().toFixed(0)} s: ${(count / seconds()).toFixed(0)} seeds and ${Math.round(sums.events / seconds())} events a second, ` +
      `${(sums.cpuMs / count).toFixed(1)} ms of CPU a seed, ${(sums.virtualMs / 86_400_000).toFixed(1)} virtual days; ${failed.length} failed`,
  );
  console.log(`faults: ${kinds.map((kind) => `${kind} ${fired.get(kind) ?? 0}`).join(', ')}`);
  console.log(`foreign statements lost between our look and our write: ${sums.lost}`);
  for (const line of intervalLines(wrongs)) console.log(line);
  if (never.length > 0) console.log(`faults that never fired: ${never.join(', ')}`);
  for (const { seed } of failed.slice(0, SHRUNK)) await explain(workers[0], seed);
  return failed.length + never.length;
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

/** The same seeds twice, in two processes, the second on the Node that was asked for. */
async function replays(workers, start, count) {
  if (count === 0) return 0;
  const request = { does: 'replays', from: Number(values.from), count };
  const other = start(values.node);
  const [one, two] = await Promise.all([ask(workers[0], request), ask(other, request)]);
  other.kill();
  const differ = one.hashes.flatMap((hash, index) => (hash === two.hashes[index] ? [] : [Number(values.from) + index]));
  console.log(`${count} seeds twice: ${differ.length === 0 ? 'every trace the same' : `other traces for ${differ.join(', ')}`}`);
  return differ.length;
}

async function others(workers, does, count) {
  if (count === 0) return 0;
  const began = performance.now();
  let failed = 0;
  await inParts(workers, { does, count, part: 10 }, (report) => {
    failed += report.failed.length;
    for (const one of report.failed) console.log(`${does} ${one.name}: ${one.message.slice(0, 4_000)}`);
  });
  const names = { walks: 'walks through the schema', sieve: 'workloads with and without perturbation', pairs: 'pairs of crashes' };
  console.log(`${count} ${names[does]} in ${((performance.now() - began) / 1000).toFixed(0)} s, ${failed} failed`);
  return failed;
}

/** The least failing part of a seed: what it breaks, what is left of it, what happened last, and how to see all of it. */
async function explain(worker, seed) {
  const { broken, case: least, last, runs } = await ask(worker, { does: 'shrink', seed });
  if (values.shrink !== undefined) worker.kill();
  if (broken === undefined) {
    console.log(`seed ${seed} breaks nothing`);
    return 0;
  }
  console.log(`seed ${seed} breaks ${broken.invariant} at ${(broken.at / 1000).toFixed(3)} s: ${broken.message}`);
  console.log(`what is left of it after ${runs} runs, for test/simulation/regressions.json:\n${JSON.stringify(least)}`);
  console.log(`the last that happened before:\n  ${last.join('\n  ')}`);
  console.log(`npm run test:simulation -- --replay ${seed}`);
  return 1;
}

async function replay(worker, seed) {
  const { tail, violations } = await ask(worker, { does: 'trace', seed });
  worker.kill();
  for (const line of tail) console.log(line);
  for (const { invariant, at, message } of violations) console.log(`${invariant} at ${(at / 1000).toFixed(3)} s: ${message}`);
  return violations.length > 0 ? 1 : 0;
}
