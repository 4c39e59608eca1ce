import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer as createSocket } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BenchReport, type BenchRow, median } from './report.ts';

const root = join(import.meta.dirname, '..');
const podrole = join(root, 'dist/podrole.mjs');
/** Two cores, one of them the client's: enough calls for a p99 that repeats. */
const CALLS = 4_000;
const WARM_UP = 1_000;
const STARTS = 5;

interface Facts {
  readonly endpoint: string;
  readonly kubeconfig: string;
  readonly role: string;
  readonly tokenFile: string;
}

interface Served {
  readonly child: ChildProcess;
  readonly facts: Facts;
  readonly readyMs: number;
}

function startSandbox(flags: readonly string[], home: string): Promise<Served> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const started = performance.now();
  const child = spawn(process.execPath, [podrole, 'sandbox', 'start', '-o', 'json', ...flags], {
    env: { ...env, HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) =>
      resolve({ child, facts: JSON.parse(line) as Facts, readyMs: performance.now() - started }),
    );
    child.once('close', (code) => reject(new Error(`the sandbox ended with ${code}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** Resident bytes of a process, in MB; `undefined` where the system does not say it this way. */
function residentMb(pid: number | undefined): number | undefined {
  const kib = /VmRSS:\s+(\d+) kB/.exec(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '')?.[1];
  return kib === undefined ? undefined : Number(kib) / 1024;
}

/** Milliseconds of processor time that a process has used, in steps of 10; `undefined` where the system does not say it this way. */
function processorMs(pid: number | undefined): number | undefined {
  if (!existsSync(`/proc/${pid}/stat`)) return undefined;
  // The fields after the name, which may hold blanks: the 12th and 13th are ticks of user and system time, a hundred a second.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Load {
  /** Processor time of the server a call, in milliseconds: what a busy machine does not change. */
  readonly processorMs: number | undefined;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Posts the same body over and over on some connections that stay open; milliseconds. Every answer must be 200 and say `wanted`. */
async function load(
  url: string,
  body: string,
  options: { readonly connections: number; readonly calls: number; readonly wanted: string; readonly pid?: number | undefined },
): Promise<Load> {
  const { connections, calls, wanted, pid } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  const once = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const from = performance.now();
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'content-length': Buffer.byteLength(body) };
      const call = request(url, { method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          latencies.push(performance.now() - from);
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200 && text.includes(wanted)) resolve();
          else reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(0, 300)}`));
        });
      });
      call.once('error', reject);
      call.end(body);
    });
  const worker = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 1) await once();
  };
  const before = processorMs(pid);
  const start = performance.now();
  await Promise.all(Array.from({ length: connections }, () => worker(Math.ceil(calls / connections))));
  const seconds = (performance.now() - start) / 1000;
  const after = processorMs(pid);
  agent.destroy();
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return {
    perSecond: sorted.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    processorMs: before === undefined || after === undefined ? undefined : (after - before) / sorted.length,
  };
}

/** A server that reads a body and answers as many bytes as STS does: what the HTTP round trip alone costs. */
const ECHO = `
  import { createServer } from 'node:http';
  const answer = 'x'.repeat(1600) + 'ok';
  createServer((incoming, outgoing) => {
    incoming.on('data', () => undefined).on('end', () => outgoing.writeHead(200, { 'content-type': 'text/xml', 'content-length': answer.length }).end(answer));
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

async function roundTrips(body: string, connections: number): Promise<Load> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  try {
    const url = `http://127.0.0.1:${port}/`;
    await load(url, body, { connections, calls: WARM_UP, wanted: 'ok' });
    return await load(url, body, { connections, calls: CALLS, wanted: 'ok', pid: child.pid });
  } finally {
    await stop(child);
  }
}

/** Milliseconds of one bare RS256 verification of this very token. */
async function verification(token: string, keys: readonly Record<string, unknown>[]): Promise<number> {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  const jwk = keys.find((key) => key.kid === kid);
  if (jwk === undefined) throw new Error('the key of the token is not published');
  const key = createPublicKey({ key: jwk as never, format: 'jwk' });
  const data = Buffer.from(`${header}.${claims}`);
  const bytes = Buffer.from(signature, 'base64url');
  const round = (): number => {
    const start = performance.now();
    for (let count = 0; count < 500; count += 1) if (!verify('sha256', data, key, bytes)) throw new Error('the token does not verify');
    return (performance.now() - start) / 500;
  };
  round();
  return median([round(), round(), round(), round(), round()]);
}

/** The key set as the cluster's API server publishes it. */
async function publishedKeys(kubeconfig: string): Promise<readonly Record<string, unknown>[]> {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  const { cluster } = config.clusters[0]!;
  const { request: get } = await import('node:https');
  return new Promise((resolve, reject) => {
    const ca = Buffer.from(cluster['certificate-authority-data'], 'base64').toString();
    const headers = { authorization: `Bearer ${config.users[0]?.user.token}` };
    get(`${cluster.server}/openid/v1/jwks`, { ca, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve((JSON.parse(text) as { keys: Record<string, unknown>[] }).keys));
    })
      .once('error', reject)
      .end();
  });
}

const MOTO = 'moto[server]==5.2.1';

/** moto's server, in a virtual environment of the user's cache; or why it is not there. */
async function startMoto(): Promise<{ readonly child: ChildProcess; readonly url: string } | { readonly skipped: string }> {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'podrole-clients', 'moto-5.2.1');
  const server = join(folder, 'bin/moto_server');
  try {
    if (!existsSync(server)) {
      execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
      execFileSync(join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', MOTO], {
        stdio: 'pipe',
        timeout: 300_000,
      });
    }
  } catch (error) {
    return { skipped: `${MOTO} cannot be installed: ${String(error instanceof Error ? error.message : error).split('\n')[0]}` };
  }
  const port = await freePort();
  const child = spawn(server, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}/`;
  for (let look = 0; look < 100; look += 1) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) return { child, url };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop(child);
  return { skipped: 'moto does not answer' };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createSocket().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function form(facts: Facts, token: string): string {
  return new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: facts.role,
    RoleSessionName: 'bench',
    WebIdentityToken: token,
  }).toString();
}

/** Verified exchanges over HTTP, against their bare cost and against moto, which verifies nothing. */
export async function bench(_options: { readonly other?: string } = {}): Promise<BenchReport> {
  const home = mkdtempSync(join(tmpdir(), 'podrole-bench-'));
  const rows: BenchRow[] = [];
  try {
    const starts: number[] = [];
    let resident: number | undefined;
    for (let count = 0; count < STARTS; count += 1) {
      const { child, readyMs } = await startSandbox([], home);
      starts.push(readyMs);
      resident = residentMb(child.pid);
      await stop(child);
    }
    rows.push({ case: 'sandbox start', metric: 'spawn to ready', unit: 'ms', value: median(starts), note: 'aim: under 300' });
    rows.push({ case: 'sandbox start', metric: 'resident, idle', unit: 'MB', value: resident, note: 'aim: at most 80' });

    const { child, facts } = await startSandbox(['--with', 'seed'], home);
    const token = readFileSync(facts.tokenFile, 'utf8').trim();
    const body = form(facts, token);
    const bareVerification = await verification(token, await publishedKeys(facts.kubeconfig));
    const moto = await startMoto();
    try {
      for (const connections of [1, 16]) {
        const name = `${connections} connection${connections === 1 ? '' : 's'}`;
        const trip = await roundTrips(body, connections);
        await load(facts.endpoint, body, { connections, calls: WARM_UP, wanted: 'ASIA' });
        const ours = await load(facts.endpoint, body, { connections, calls: CALLS, wanted: 'ASIA', pid: child.pid });
        const cost = 1000 / ours.perSecond;
        const bare = bareVerification + 1000 / trip.perSecond;
        rows.push({
          case: name,
          metric: 'an exchange',
          unit: 'ms',
          value: cost,
          baseline: { name: 'RS256 verification + HTTP round trip', value: bare },
          ratio: cost / bare,
          note: 'aim: ratio at most 2',
        });
        if (ours.processorMs !== undefined && trip.processorMs !== undefined) {
          const baseline = { name: 'the same of both', value: bareVerification + trip.processorMs };
          rows.push({
            case: name,
            metric: 'its processor time',
            unit: 'ms',
            value: ours.processorMs,
            baseline,
            ratio: ours.processorMs / baseline.value,
          });
        }
        rows.push({ case: name, metric: 'p50', unit: 'ms', value: ours.p50 });
        rows.push({ case: name, metric: 'p99', unit: 'ms', value: ours.p99 });
        if ('skipped' in moto) {
          rows.push({ case: name, metric: 'exchanges', unit: '/s', value: ours.perSecond, note: `moto skipped: ${moto.skipped}` });
        } else {
          const motoCalls = CALLS / 10;
          await load(moto.url, body, { connections, calls: 100, wanted: 'ASIA' });
          const theirs = await load(moto.url, body, { connections, calls: motoCalls, wanted: 'ASIA' });
          const baseline = { name: 'moto, which verifies nothing', value: theirs.perSecond };
          rows.push({
            case: name,
            metric: 'exchanges',
            unit: '/s',
            value: ours.perSecond,
            baseline,
            ratio: ours.perSecond / theirs.perSecond,
            note: 'aim: ratio at least 10',
          });
          rows.push({ case: name, metric: 'p99 of moto', unit: 'ms', value: theirs.p99 });
        }
      }
      rows.push({ case: 'sandbox with seed', metric: 'resident, after', unit: 'MB', value: residentMb(child.pid) });
    } finally {
      await stop(child);
      if (!('skipped' in moto)) await stop(moto.child);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  return { name: 'exchange', rows };
}
