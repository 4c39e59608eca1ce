import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIamRoles } from '../src/aws/iam-roles.ts';
import { providerArnOf } from '../src/iam/arn.ts';
import { openStatements } from '../src/iam/open-statements.ts';
import { closedTrustDocument } from '../src/iam/trust-document.ts';
import type { KubeObject } from '../src/kube/core/object.ts';
import { resources } from '../src/kube/core/resource.ts';
import { ADMIN_KEY, openProfileWorld, type ProfileWorld, type Tally } from './profile-world.ts';
import type { BenchReport, BenchRow } from './report.ts';

const IAM_LATENCY_MS = 40;
const SIZES = [1, 100, 500];
/** Longer than the time between two looks at a role. */
const IDLE_MS = 22_000;
const PATIENCE_MS = 900_000;
const AT_ONCE = 16;
const AUDIENCE = 'sts.amazonaws.com';
/** CPU time in /proc is counted in hundredths of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** A profile without an AWS plugin that the controller leaves alone: the API server's first object of a kind is slow, and not what is measured. */
const WARM_UP = {
  apiVersion: 'kubeflow.org/v1',
  kind: 'Profile',
  metadata: { name: 'warm-up', annotations: { 'podrole.dev/paused': 'true' } },
  spec: { owner: { kind: 'User', name: 'nobody@example.com' } },
} as KubeObject;
const podrole = join(import.meta.dirname, '../dist/podrole.mjs');

interface Usage {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** Of the process and its children: another controller's command may be a shell. */
function usageOf(child: ChildProcess): Usage {
  const { pid } = child;
  const pids = [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)];
  const each = pids.map((one) => {
    const stat = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? '0';
    return { cpuSeconds: (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND, peakMiB: Number(peak) / 1024 };
  });
  return {
    cpuSeconds: each.reduce((sum, one) => sum + one.cpuSeconds, 0),
    peakMiB: each.reduce((sum, one) => sum + one.peakMiB, 0),
  };
}

function startController(world: ProfileWorld, other: string | undefined): ChildProcess {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    KUBECONFIG: world.kubeconfig,
    AWS_ACCESS_KEY_ID: ADMIN_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ADMIN_KEY.secretAccessKey,
    AWS_REGION: 'us-west-2',
    AWS_ENDPOINT_URL: world.sandbox.awsEndpoint,
    AWS_ENDPOINT_URL_IAM: world.sandbox.awsEndpoint,
    AWS_ENDPOINT_URL_STS: world.sandbox.awsEndpoint,
  };
  const flags = ['--kubeconfig', world.kubeconfig, '--metrics-bind-address', '0', '--health-probe-bind-address', '0'];
  const ours = [podrole, 'controller', ...flags, '--trust-policy-quota', 'off', '--iam-endpoint', world.sandbox.awsEndpoint];
  return other === undefined
    ? spawn(process.execPath, ours, { env, stdio: 'ignore' })
    : spawn(other, { env, stdio: 'ignore', shell: true });
}

async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Asks every 20 ms until the answer is yes. Milliseconds that it took, `undefined` when patience ended. */
async function until(since: number, holds: () => boolean | Promise<boolean>): Promise<number | undefined> {
  while (performance.now() - since < PATIENCE_MS) {
    if (await holds()) return performance.now() - since;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}

const sum = (tally: Tally, wanted: (key: string) => boolean = () => true): number =>
  [...tally].reduce((total, [key, value]) => (wanted(key) ? total + value : total), 0);
const isWrite = (key: string): boolean => !key.startsWith('GET ');
const tell = (tally: Tally): string =>
  [...tally]
    .sort((a, b) => b[1] - a[1])
    .map(([key, value]) => `${value} ${key}`)
    .join(', ');

/** One role that `count` profiles name: all created at once, then left alone, then all deleted at once. */
async function measure(count: number, other: string | undefined): Promise<readonly BenchRow[]> {
  const world = await openProfileWorld(IAM_LATENCY_MS);
  const { admin, sandbox } = world;
  const providerArn = providerArnOf({ partition: 'aws', account: sandbox.account, issuer: sandbox.issuer });
  const iamAdmin = createIamRoles(sandbox.adminTarget);
  const { arn } = await iamAdmin.create({ name: 'kf-bench', trustPolicy: closedTrustDocument(providerArn), tags: {} });
  const names = Array.from({ length: count }, (_, index) => `user-${String(index).padStart(3, '0')}`);
  const trust = (): string => sandbox.aws.snapshot().roles.find((role) => role.name === 'kf-bench')?.trust ?? '';
  const holds = (name: string, document: string): boolean => document.includes(`system:serviceaccount:${name}:default-editor`);
  await admin.create(resources.profiles, WARM_UP, { fieldManager: 'podrole-bench' });
  await admin.delete(resources.profiles, { name: 'warm-up' });
  const controller = startController(world, other);
  const name = `${count} profile${count === 1 ? '' : 's'}, one role`;
  const rows: BenchRow[] = [];
  const row = (metric: string, unit: string, value: number | undefined, note?: string): unknown =>
    rows.push({ case: name, metric, unit, value, ...(note === undefined ? {} : { note }) });
  try {
    await until(performance.now(), () => sum(world.kube, (key) => key.includes('watch')) >= 3);
    await new Promise((resolve) => setTimeout(resolve, 500));
    world.kube.clear();
    world.iam.clear();

    const created = performance.now();
    await atOnce(names, (profile) =>
      admin.create(
        resources.profiles,
        {
          apiVersion: 'kubeflow.org/v1',
          kind: 'Profile',
          metadata: { name: profile },
          spec: {
            owner: { kind: 'User', name: `${profile}@example.com` },
            plugins: [{ kind: 'AwsIamForServiceAccount', spec: { awsIamRole: arn } }],
          },
        } as KubeObject,
        { fieldManager: 'podrole-bench' },
      ),
    );
    const createMs = performance.now() - created;
    const ready = await until(created, async () => {
      const document = trust();
      if (!names.every((profile) => holds(profile, document))) return false;
      const accounts = await admin.list(resources.serviceAccounts, { fieldSelector: 'metadata.name=default-editor' });
      const annotated = accounts.items.filter((one) => one.metadata.annotations?.['eks.amazonaws.com/role-arn'] === arn).length;
      if (annotated < count) return false;
      return other !== undefined || (await admin.list(resources.profiles, {})).items.every(isReady);
    });
    row('all ready', 'ms', ready, `creating them took ${createMs.toFixed(0)} ms; ${world.kind}`);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    row('IAM calls', 'calls', sum(world.iam), tell(world.iam));
    row('Kubernetes requests per profile', 'requests', sum(world.kube, (key) => !key.includes('watch')) / count, tell(world.kube));
    const grown = usageOf(controller);
    row('CPU until ready', 's', grown.cpuSeconds);

    world.kube.clear();
    world.iam.clear();
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const idleWrites = sum(world.kube, isWrite) + (world.iam.get('UpdateAssumeRolePolicy') ?? 0);
    row('writes when idle', 'writes', idleWrites, `in ${IDLE_MS / 1000} s`);

    world.kube.clear();
    world.iam.clear();
    const deleted = performance.now();
    await atOnce(names, (profile) => admin.delete(resources.profiles, { name: profile }, { propagationPolicy: 'Background' }));
    row('all subjects gone', 'ms', await until(deleted, () => !names.some((profile) => holds(profile, trust()))));
    row('all profiles gone', 'ms', await until(deleted, async () => (await admin.list(resources.profiles, {})).items.length === 0));
    row('IAM calls of deletion', 'calls', sum(world.iam), tell(world.iam));
    row('Kubernetes requests per deletion', 'requests', sum(world.kube, (key) => !key.includes('watch')) / count, tell(world.kube));
    const open = openStatements(trust(), providerArn, [AUDIENCE]);
    row('open at the end', 'statements', open.ok ? open.open.length : undefined);
    const used = usageOf(controller);
    row('CPU in all', 's', used.cpuSeconds);
    row('peak resident', 'MiB', used.peakMiB);
    return rows;
  } finally {
    controller.kill('SIGTERM');
    await new Promise((resolve) => (controller.exitCode === null ? controller.once('close', resolve) : resolve(undefined)));
    await world.close();
  }
}

function isReady(profile: KubeObject): boolean {
  const { conditions = [] } =
    (profile as { readonly status?: { readonly conditions?: readonly { type: string; status: string }[] } }).status ?? {};
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** What profiles cost: time, calls, requests and memory of a controller that keeps one role for many of them. */
export async function bench(options: { readonly other?: string }): Promise<BenchReport> {
  const sizes = process.env.PODROLE_BENCH_PROFILES?.split(',').map(Number) ?? SIZES;
  const rows: BenchRow[] = [];
  for (const size of sizes) {
    const ours = await measure(size, undefined);
    const theirs = options.other === undefined ? [] : await measure(size, options.other);
    for (const [index, row] of ours.entries()) {
      const value = theirs[index]?.value;
      const against =
        value === undefined || row.value === undefined ? {} : { baseline: { name: 'other', value }, ratio: row.value / value };
      rows.push({ ...row, ...against });
    }
  }
  return { name: 'profiles', rows };
}
