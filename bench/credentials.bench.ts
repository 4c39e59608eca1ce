import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { STSClient } from '@aws-sdk/client-sts';
import { fromServiceAccount } from '../src/credentials/index.ts';
import { fakeToken, type ScriptedSts, startScriptedSts } from '../test/support/scripted-sts.ts';
import { type BenchReport, type BenchRow, median } from './report.ts';

const ROOT = join(import.meta.dirname, '..');
const BUILT = join(ROOT, 'dist');
const SDK = join(ROOT, 'node_modules/@aws-sdk/credential-provider-web-identity/dist-cjs/index.js');
const RUNS = 15;
const STALL_MS = 3_000;

type Variables = Readonly<Record<string, string>>;
type Call = () => Promise<unknown>;

/** What a process does before it has credentials, at the least: read a file, post it, read the answer. */
const FLOOR = `import { readFileSync } from 'node:fs'; import { request } from 'node:http';
const body = new URLSearchParams({ Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: process.env.AWS_ROLE_ARN, RoleSessionName: 's', WebIdentityToken: readFileSync(process.env.AWS_WEB_IDENTITY_TOKEN_FILE, 'utf8') }).toString();
const sent = request(process.env.AWS_ENDPOINT_URL_STS, { method: 'POST', agent: false, headers: { 'content-type': 'application/x-www-form-urlencoded' } }, (answer) => { let text = ''; answer.on('data', (part) => { text += part; }); answer.on('end', () => { if (!text.includes('AccessKeyId')) process.exit(1); }); });
sent.end(body);`;

const start = (module: string, name: string): string =>
  `import { ${name} } from ${JSON.stringify(pathToFileURL(module).href)}; if (!(await ${name}()()).accessKeyId) process.exit(1);`;

interface Times {
  /** Milliseconds from the start of the process to its end. */
  readonly wall: number;
  /** Milliseconds of processor time, which a busy machine does not stretch as much. */
  readonly cpu: number;
}

const TELL_CPU =
  "\nprocess.on('exit', () => { const { user, system } = process.cpuUsage(); process.stdout.write(String((user + system) / 1000)); });";

async function time(program: string, env: Variables): Promise<Times> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--input-type=module', '-e', program + TELL_CPU], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let cpu = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    cpu += part;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`a measured process ended with ${code}`);
  return { wall: performance.now() - started, cpu: Number(cpu) };
}

/** Process start to first credentials. The programs take turns, so that a busy machine slows all of them. */
async function firstCredentials(folder: string, env: Variables): Promise<readonly BenchRow[]> {
  if (!existsSync(join(BUILT, 'credentials.mjs')))
    return [
      { case: 'first credentials', metric: 'above the floor', unit: 'ms', value: undefined, note: 'skipped: run npm run build first' },
    ];
  // A copy: a build beside this run would replace what is measured.
  const copy = join(folder, 'dist');
  await cp(BUILT, copy, { recursive: true });
  const programs = {
    node: '0',
    floor: FLOOR,
    podrole: start(join(copy, 'credentials.mjs'), 'fromServiceAccount'),
    sdk: start(SDK, 'fromTokenFile'),
  };
  const times: Record<keyof typeof programs, Times[]> = { node: [], floor: [], podrole: [], sdk: [] };
  for (let run = 0; run < RUNS; run += 1) {
    for (const name of Object.keys(programs) as (keyof typeof programs)[]) times[name].push(await time(programs[name], env));
  }
  const middle = (what: keyof Times) =>
    Object.fromEntries(Object.entries(times).map(([name, runs]) => [name, median(runs.map((run) => run[what]))])) as Record<
      keyof typeof programs,
      number
    >;
  const { node, floor, podrole, sdk } = middle('wall');
  const cpu = middle('cpu');
  const spread = (runs: readonly Times[]): string =>
    `${Math.min(...runs.map(({ wall }) => wall)).toFixed(0)} to ${Math.max(...runs.map(({ wall }) => wall)).toFixed(0)}`;
  return [
    {
      case: 'process start to first credentials',
      metric: 'whole process',
      unit: 'ms',
      value: podrole,
      baseline: { name: 'SDK fromTokenFile', value: sdk },
      ratio: podrole / sdk,
      note: `medians of ${RUNS}; podrole ${spread(times.podrole)}, SDK ${spread(times.sdk)}; bare node ${node.toFixed(0)}, floor ${floor.toFixed(0)} (${spread(times.floor)})`,
    },
    {
      case: 'process start to first credentials',
      metric: 'above the floor',
      unit: 'ms',
      value: podrole - floor,
      baseline: { name: 'SDK fromTokenFile', value: sdk - floor },
      ratio: (podrole - floor) / (sdk - floor),
      note: 'floor: reading the file and one POST with node:http; goal 20',
    },
    {
      case: 'process start to first credentials',
      metric: 'CPU above floor',
      unit: 'ms',
      value: cpu.podrole - cpu.floor,
      baseline: { name: 'SDK fromTokenFile', value: cpu.sdk - cpu.floor },
      ratio: (cpu.podrole - cpu.floor) / (cpu.sdk - cpu.floor),
      note: `of podrole ${cpu.podrole.toFixed(0)}, SDK ${cpu.sdk.toFixed(0)}, floor ${cpu.floor.toFixed(0)}`,
    },
  ];
}

async function exchanges(sts: ScriptedSts, clients: Readonly<Record<'podrole' | 'sdk', () => Call>>): Promise<BenchRow> {
  const count = async (client: () => Call): Promise<number> => {
    sts.script({ kind: 'credentials', slowMs: 50 });
    sts.reset();
    await Promise.all(Array.from({ length: 10 }, client).flatMap((call) => Array.from({ length: 5 }, () => call())));
    return sts.requests.length;
  };
  const [value, baseline] = [await count(clients.podrole), await count(clients.sdk)];
  return {
    case: '10 clients, 5 calls each',
    metric: 'exchanges',
    unit: '',
    value,
    baseline: { name: 'SDK default chain', value: baseline },
    ratio: value / baseline,
  };
}

/** The 99th percentile of a call's time while STS stalls and credentials are due but good. */
async function stalled(sts: ScriptedSts, prepare: () => Promise<Call>): Promise<{ readonly p99: number; readonly calls: number }> {
  const call = await prepare();
  sts.script({ kind: 'credentials', slowMs: STALL_MS });
  const times: number[] = [];
  const end = performance.now() + STALL_MS;
  while (performance.now() < end) {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  times.sort((a, b) => a - b);
  return { p99: times[Math.min(times.length - 1, Math.floor(times.length * 0.99))] ?? Number.NaN, calls: times.length };
}

/** Measures `fromServiceAccount()` beside the SDK's own providers, against the same STS on loopback. */
export async function bench(): Promise<BenchReport> {
  const folder = await mkdtemp(join(tmpdir(), 'podrole-bench-'));
  const sts = await startScriptedSts();
  try {
    const tokenFile = join(folder, 'token');
    await writeFile(
      tokenFile,
      fakeToken({
        iss: 'https://oidc.example.com',
        sub: 'system:serviceaccount:a:b',
        aud: ['sts.amazonaws.com'],
        exp: Math.floor(Date.now() / 1_000) + 86_400,
        padding: 'x'.repeat(500),
      }),
    );
    const variables: Variables = {
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/r',
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
      AWS_REGION: 'us-west-2',
      AWS_ENDPOINT_URL_STS: sts.url,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    const rows = [...(await firstCredentials(folder, { ...variables, PATH: process.env.PATH ?? '', HOME: folder }))];

    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE']) delete process.env[name];
    Object.assign(process.env, variables);
    const { fromTokenFile } = (await import(pathToFileURL(SDK).href)) as {
      readonly fromTokenFile: (options: object) => () => Promise<never>;
    };
    const callOf =
      (client: STSClient): Call =>
      () =>
        client.config.credentials();
    rows.push(
      await exchanges(sts, {
        podrole: () => callOf(new STSClient({ credentials: fromServiceAccount() })),
        sdk: () => callOf(new STSClient({})),
      }),
    );

    let ahead = 0;
    const now = (): Date => new Date(Date.now() + ahead);
    const ours = await stalled(sts, async () => {
      sts.script({ kind: 'credentials', seconds: 240 });
      const call = callOf(new STSClient({ credentials: fromServiceAccount({ sessionName: 'stall', now, onEvent: () => undefined }) }));
      await call();
      // Into the early window; the SDK is in its own from the start, which is below 300 s.
      ahead = 190_000;
      return call;
    });
    const theirs = async (client: () => STSClient) =>
      stalled(sts, async () => {
        sts.script({ kind: 'credentials', seconds: 240 });
        const call = callOf(client());
        await call();
        return call;
      });
    const chain = await theirs(() => new STSClient({}));
    const explicit = await theirs(() => new STSClient({ credentials: fromTokenFile({}) }));
    for (const [name, other] of [
      ['SDK default chain', chain],
      ['SDK fromTokenFile', explicit],
    ] as const)
      rows.push({
        case: 'a call during a 3 s stall of STS',
        metric: 'p99',
        unit: 'ms',
        value: ours.p99,
        baseline: { name, value: other.p99 },
        ratio: ours.p99 / other.p99,
        note: `${ours.calls} calls against ${other.calls}; goal 5`,
      });
    return { name: 'credentials', rows };
  } finally {
    await sts.close();
    await rm(folder, { recursive: true, force: true });
  }
}
