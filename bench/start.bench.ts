import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BenchReport, type BenchRow, median } from './report.ts';

const podrole = join(import.meta.dirname, '../dist/podrole.mjs');
const ROUNDS = 21;
const STARTS = 5;

/** An extra CA file costs every Node process some 30 ms before its first line: it is neither podrole's nor Node's own doing. */
function bareEnv(home: string): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;
  return { ...env, HOME: home };
}

function wall(args: readonly string[], env: NodeJS.ProcessEnv): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { env, stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return performance.now() - start;
}

interface Started {
  readonly ms: number;
  readonly child: ChildProcess;
}

/** Spawns podrole and waits for the line that says it is ready. */
function untilReady(args: readonly string[], env: NodeJS.ProcessEnv, kind: string): Promise<Started> {
  const start = performance.now();
  const child = spawn(process.execPath, [podrole, ...args, '-o', 'json'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if ((JSON.parse(line) as { kind: string }).kind === kind) resolve({ ms: performance.now() - start, child });
    });
    child.once('close', (code) => reject(new Error(`podrole ${args.join(' ')} ended with ${code}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await gone;
}

function residentMb(pid: number | undefined): number | undefined {
  const kib = /VmRSS:\s+(\d+) kB/.exec(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '')?.[1];
  return kib === undefined ? undefined : Number(kib) / 1024;
}

/** How long podrole takes to be there, and how much memory the embedded default holds. */
export async function bench(_options: { readonly other?: string } = {}): Promise<BenchReport> {
  const home = mkdtempSync(join(tmpdir(), 'podrole-bench-'));
  const env = bareEnv(home);
  try {
    const node: number[] = [];
    const version: number[] = [];
    // In turns, so that a busy moment of the machine meets both.
    for (let round = 0; round < ROUNDS; round += 1) {
      node.push(wall(['-e', '0'], env));
      version.push(wall([podrole, 'version'], env));
    }
    const rows: BenchRow[] = [
      {
        case: 'podrole version',
        metric: 'wall',
        unit: 'ms',
        value: median(version),
        baseline: { name: 'node -e 0', value: median(node) },
        ratio: median(version) / median(node),
        note: 'aim: ratio at most 1.5',
      },
    ];
    for (const flags of [[], ['--with', 'seed']]) {
      const times: number[] = [];
      for (let round = 0; round < STARTS; round += 1) {
        const { ms, child } = await untilReady(['sandbox', 'start', ...flags], env, 'SandboxReady');
        times.push(ms);
        await stop(child);
      }
      rows.push({ case: ['sandbox start', ...flags].join(' '), metric: 'spawn to ready', unit: 'ms', value: median(times) });
    }
    const { ms, child } = await untilReady(['up'], env, 'Ready');
    rows.push({ case: 'podrole up', metric: 'spawn to walked', unit: 'ms', value: ms });
    rows.push({ case: 'podrole up', metric: 'resident, after', unit: 'MB', value: residentMb(child.pid) });
    await stop(child);
    return { name: 'start', rows };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
