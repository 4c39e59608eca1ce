import { execFile, spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { StartedSandbox } from '../src/app/sandbox-api.ts';
import { messageOf } from '../src/base/errors.ts';
import { createKubeClient } from '../src/kube/client/create-kube-client.ts';
import { httpsFetch } from '../src/kube/client/https-fetch.ts';
import type { KubeClient } from '../src/kube/client/kube-client.ts';
import { resources } from '../src/kube/core/resource.ts';
import { type BenchReport, type BenchRow, median } from './report.ts';

/** A Kubernetes API in processes of its own. */
interface Server {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  /** Resident MiB of all its processes. */
  memory(): Promise<number>;
  close(): Promise<void>;
}

type Figures = Readonly<Record<string, number>>;

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const launcher = join(root, 'test/cluster/control-plane/cluster');
const OBJECTS = 10_000;
const GETS = 5_000;
const PARALLEL = 16;
const LISTS = 5;
const WATCHERS = 100;
const CHANGES = 100;
const STARTS = 20;
const NAMESPACE = 'bench';

/**
 * The sandbox's API server beside a real one in the same run: one client process, 16 requests in flight, server in processes of its own.
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
    memory: () => residentMiB([child.pid ?? 0]),
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
    memory: async () => {
      const pids = (await read('pids'))
        .trim()
        .split('\n')
        .map((line) => Number(line.split(' ')[1]));
      return residentMiB(pids);
    },
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

async function measured(server: Server): Promise<Figures> {
  const kube = createKubeClient({
    server: server.url,
    fetch: httpsFetch({ ca: server.ca }),
    userAgent: 'podrole-bench/1',
    token: async () => server.token,
    timeoutMs: 60_000,
  });
  try {
    await kube.create(resources.namespaces, { metadata: { name: NAMESPACE } });
    const empty = await server.memory();
    const creates = await perSecond(OBJECTS, (index) =>
      kube.create(resources.serviceAccounts, { metadata: { namespace: NAMESPACE, name: `sa-${index}` } }),
    );
    const gets = await perSecond(GETS, (index) => kube.get(resources.serviceAccounts, { namespace: NAMESPACE, name: `sa-${index}` }));
    const lists: number[] = [];
    for (let count = 0; count < LISTS; count++) {
      const start = performance.now();
      const { items } = await kube.list(resources.serviceAccounts, { namespace: NAMESPACE });
      lists.push(performance.now() - start);
      if (items.length < OBJECTS) throw new Error(`a list of ${items.length} objects`);
    }
    const full = await server.memory();
    return {
      'create service accounts': creates,
      'get a service account': gets,
      'list 10,000': median(lists),
      'watch fan-out, 100 watchers': await fanOut(kube),
      'memory, empty': empty,
      'memory, 10,000 objects': full,
    };
  } finally {
    kube.close();
    await server.close();
  }
}

/** Calls per second with `PARALLEL` of them in flight. */
async function perSecond(count: number, call: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      while (next < count) await call(next++);
    }),
  );
  return (count * 1000) / (performance.now() - start);
}

/** Events per second that reach all watchers of a collection together, from the first write to the last event. */
async function fanOut(kube: KubeClient): Promise<number> {
  const { metadata } = await kube.list(resources.configMaps, { namespace: NAMESPACE });
  const ending = new AbortController();
  setMaxListeners(WATCHERS, ending.signal);
  const watching = Array.from({ length: WATCHERS }, async () => {
    let seen = 0;
    for await (const { type, object } of kube.watch(
      resources.configMaps,
      { namespace: NAMESPACE, resourceVersion: metadata.resourceVersion ?? '', timeoutSeconds: 60 },
      ending.signal,
    )) {
      if (type === 'ADDED' && object.metadata.name?.startsWith('event-')) seen += 1;
      if (seen === CHANGES) return;
    }
    throw new Error('a watch ended early');
  });
  // Until every one of them is open.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const start = performance.now();
  await Promise.all([
    ...watching,
    ...Array.from({ length: CHANGES }, (_, index) =>
      kube.create(resources.configMaps, { metadata: { namespace: NAMESPACE, name: `event-${index}` } }),
    ),
  ]);
  const seconds = (performance.now() - start) / 1000;
  ending.abort();
  return (WATCHERS * CHANGES) / seconds;
}
