import { type ChildProcess, execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { StartedSandbox } from '../src/app/sandbox-api.ts';
import { messageOf } from '../src/base/errors.ts';
import { EVENTS, loads, type Target } from './kube-api-load.ts';
import { type BenchReport, type BenchRow, median } from './report.ts';

/** A Kubernetes API in processes of its own. */
interface Server extends Target {
  /** All its processes. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

type Figures = Readonly<Record<string, number>>;

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const launcher = join(root, 'test/cluster/control-plane/cluster');
const OBJECTS = 10_000;
const GETS = 10_000;
const STARTS = 20;

/**
 * The sandbox's API server beside a real one in the same run: the same load on both, from a process of its own with 16 requests in flight
 * that reads whole answers and parses none, and each server in processes of its own.
 * The real one is `skipped` where its binaries are not in the cache.
 */
export async function bench(): Promise<BenchReport> {
  const starts = await startTimes();
  const ours = await measured(await openSandboxServer());
  const real = await openRealServer()
    .then(measured)
    .catch((error: unknown) => `skipped: ${messageOf(error).split('\n')[0] ?? ''}`);
  const row = (name: string, metric: string, unit: string): BenchRow => {
    const value = ours[name];
    if (typeof real === 'string') return { case: name, metric, unit, value, note: real };
    const other = real[name] ?? Number.NaN;
    return {
      case: name,
      metric,
      unit,
      value,
      baseline: { name: 'real control plane', value: other },
      ratio: (value ?? Number.NaN) / other,
    };
  };
  return {
    name: 'kube-api',
    rows: [
      { case: 'startSandbox, first', metric: 'time', unit: 'ms', value: starts.first },
      { case: 'startSandbox, later ones', metric: 'median time', unit: 'ms', value: starts.later, note: `${STARTS}, half a second apart` },
      row('create service accounts', 'throughput', '/s'),
      row('get a service account', 'throughput', '/s'),
      row('list 10,000', 'median time', 'ms'),
      row('watch fan-out, 100 watchers', 'throughput', 'events/s'),
      row('create a service account', 'CPU of servers', 'ms'),
      row('get one', 'CPU of servers', 'ms'),
      row('tell a watcher of a change', 'CPU of servers', 'ms'),
      row('get one, the load itself', 'CPU of client', 'ms'),
      row('memory, empty', 'RSS', 'MiB'),
      row('memory, 10,000 objects', 'RSS', 'MiB'),
    ],
  };
}

async function startTimes(): Promise<{ readonly first: number; readonly later: number }> {
  const { startSandbox } = (await import(pathToFileURL(join(root, 'dist/sandbox.mjs')).href)) as {
    readonly startSandbox: () => Promise<StartedSandbox>;
  };
  const times: number[] = [];
  for (let count = 0; count <= STARTS; count++) {
    const start = performance.now();
    const sandbox = await startSandbox();
    times.push(performance.now() - start);
    await sandbox.close();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const [first = Number.NaN, ...later] = times;
  return { first, later: median(later) };
}

async function openSandboxServer(): Promise<Server> {
  const child = spawn(process.execPath, [join(root, 'dist/podrole.mjs'), 'sandbox', 'start', '-o', 'json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line = ''] = await new Promise<string[]>((resolve) => createInterface(child.stdout).once('line', (text) => resolve([text])));
  const facts = JSON.parse(line) as { readonly kubeconfig: string; readonly issuerCa: string };
  const config = JSON.parse(await readFile(facts.kubeconfig, 'utf8')) as {
    readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
    readonly users: readonly { readonly user: { readonly token: string } }[];
  };
  return {
    url: config.clusters[0]?.cluster.server ?? '',
    token: config.users[0]?.user.token ?? '',
    ca: await readFile(facts.issuerCa, 'utf8'),
    pids: [child.pid ?? 0],
    close: async () => {
      child.kill();
      await new Promise((resolve) => child.once('close', resolve));
    },
  };
}

async function openRealServer(): Promise<Server> {
  if (!existsSync(launcher)) throw new Error('no launcher of a control plane');
  const folder = await mkdtemp(join(tmpdir(), 'podrole-bench-cluster-'));
  const close = async (): Promise<void> => {
    await run(launcher, ['down', folder]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await run(launcher, ['up', folder]);
  } catch (error) {
    await close();
    throw new Error(String((error as { readonly stderr?: unknown }).stderr ?? error));
  }
  const read = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  return {
    url: (await read('url')).trim(),
    token: (await read('token')).trim(),
    ca: await read('ca.crt'),
    pids: (await read('pids'))
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[1])),
    close,
  };
}

async function residentMiB(pids: readonly number[]): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', pids.join(',')]);
  return (
    stdout
      .trim()
      .split('\n')
      .reduce((total, line) => total + Number(line), 0) / 1024
  );
}

/** Milliseconds that the processes have worked. */
async function workedMs(pids: readonly number[]): Promise<number> {
  const times = await Promise.all(
    pids.map(async (pid) => {
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    }),
  );
  return times.reduce((total, time) => total + time, 0);
}

/** What Linux counts a process's time in. */
const TICK_MS = 10;

interface Took {
  readonly ms: number;
  /** Milliseconds of the processors' time. */
  readonly servers: number;
  readonly client: number;
}

/** One kind of load, by the process of the load. */
async function ordered(child: ChildProcess, server: Server, what: keyof typeof loads, count: number): Promise<Took> {
  const pids = [child.pid ?? 0];
  const [servers, client] = [await workedMs(server.pids), await workedMs(pids)];
  const { url, ca, token } = server;
  child.send({ what, count, target: { url, ca, token } });
  const [answer] = (await once(child, 'message')) as [{ readonly ms?: number; readonly error?: string }];
  if (answer.ms === undefined) throw new Error(answer.error);
  return { ms: answer.ms, servers: (await workedMs(server.pids)) - servers, client: (await workedMs(pids)) - client };
}

async function measured(server: Server): Promise<Figures> {
  const child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, [LOAD]: '1' } });
  const load = (what: keyof typeof loads, count = 0): Promise<Took> => ordered(child, server, what, count);
  try {
    await load('prepare');
    const empty = await residentMiB(server.pids);
    const created = await load('create', OBJECTS);
    const got = await load('get', GETS);
    const listed = await load('list');
    const full = await residentMiB(server.pids);
    const told = await load('fanOut');
    return {
      'create service accounts': (OBJECTS * 1_000) / created.ms,
      'get a service account': (GETS * 1_000) / got.ms,
      'list 10,000': listed.ms,
      'watch fan-out, 100 watchers': (EVENTS * 1_000) / told.ms,
      'create a service account': created.servers / OBJECTS,
      'get one': got.servers / GETS,
      'tell a watcher of a change': told.servers / EVENTS,
      'get one, the load itself': got.client / GETS,
      'memory, empty': empty,
      'memory, 10,000 objects': full,
    };
  } finally {
    child.kill();
    await server.close();
  }
}

/** Set in the process of the load, which is this same file. */
const LOAD = 'PODROLE_BENCH_LOAD';

interface Order {
  readonly what: keyof typeof loads;
  readonly count: number;
  readonly target: Target;
}

if (process.env[LOAD] !== undefined) {
  process.on('message', ({ what, count, target }: Order) => {
    loads[what](target, count).then(
      (ms) => process.send?.({ ms }),
      (error: unknown) => process.send?.({ error: messageOf(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
}
