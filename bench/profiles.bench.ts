import { createIamRoles } from '../src/aws/iam-roles.ts';
import { providerArnOf } from '../src/iam/arn.ts';
import { openStatements } from '../src/iam/open-statements.ts';
import { closedTrustDocument } from '../src/iam/trust-document.ts';
import type { KubeObject } from '../src/kube/core/object.ts';
import { resources } from '../src/kube/core/resource.ts';
import type { Tally } from './counting-door.ts';
import { type MeasuredController, startController } from './profile-controller.ts';
import { measureForeign, measureQuota } from './profile-hardships.ts';
import { openProfileUsers, type ProfileUsers, subjectOf } from './profile-users.ts';
import { openProfileWorld, type ProfileWorld } from './profile-world.ts';
import type { BenchReport, BenchRow } from './report.ts';

const IAM_LATENCY_MS = 40;
/** Numbers of profiles; what others do to the role; a role that is too small. `PODROLE_BENCH_PROFILES` names some of them. */
const PARTS = '1,100,500,foreign,quota';
/** Longer than three times the time between two looks at a role. */
const IDLE_MS = Number(process.env.PODROLE_BENCH_IDLE_SECONDS ?? 70) * 1_000;
const PATIENCE_MS = 900_000;
const AUDIENCE = 'sts.amazonaws.com';
const ROLE = 'kf-bench';
/** A profile without an AWS plugin that the controller leaves alone: the API server's first object of a kind is slow, and not what is measured. */
const WARM_UP = {
  apiVersion: 'kubeflow.org/v1',
  kind: 'Profile',
  metadata: { name: 'warm-up', annotations: { 'podrole.dev/paused': 'true' } },
  spec: { owner: { kind: 'User', name: 'nobody@example.com' } },
} as KubeObject;

/** What every part of the benchmark stands on: one role, a controller that has come to rest, and users who have done nothing yet. */
export interface Stage {
  readonly world: ProfileWorld;
  readonly users: ProfileUsers;
  readonly controller: MeasuredController;
  readonly role: { readonly name: string; readonly arn: string };
  /** Statements of the role that let in every service account of the cluster; `undefined`: the policy cannot be read. */
  openStatements(): number | undefined;
  /** Asks every 10 ms until the answer is yes. Milliseconds since `since`, `undefined` when patience (15 minutes) ended. */
  until(since: number, holds: () => boolean, patienceMs?: number): Promise<number | undefined>;
}

async function onStage<T>(
  options: { readonly other: string | undefined; readonly quota: number | 'off' },
  act: (stage: Stage) => Promise<T>,
): Promise<T> {
  const world = await openProfileWorld(IAM_LATENCY_MS, options.quota);
  const { admin, sandbox } = world;
  let users: ProfileUsers | undefined;
  let controller: MeasuredController | undefined;
  try {
    const providerArn = providerArnOf({ partition: 'aws', account: sandbox.account, issuer: sandbox.issuer });
    const { arn } = await createIamRoles(sandbox.adminTarget).create({
      name: ROLE,
      trustPolicy: closedTrustDocument(providerArn),
      tags: {},
    });
    await admin.create(resources.profiles, WARM_UP, { fieldManager: 'podrole-bench' });
    await admin.delete(resources.profiles, { name: 'warm-up' });
    users = await openProfileUsers(world);
    controller = startController(world, options);
    await until(performance.now(), () => sum(world.kube, (key) => key.includes('watch')) >= 3);
    await quiet(world.kube);
    return await act({
      world,
      users,
      controller,
      role: { name: ROLE, arn },
      openStatements: () => {
        const open = openStatements(world.trust(ROLE), providerArn, [AUDIENCE]);
        return open.ok ? open.open.length : undefined;
      },
      until,
    });
  } finally {
    await controller?.stop();
    await users?.close();
    await world.close();
  }
}

async function until(since: number, holds: () => boolean, patienceMs = PATIENCE_MS): Promise<number | undefined> {
  while (performance.now() - since < patienceMs) {
    if (holds()) return performance.now() - since;
    await pause(10);
  }
  return undefined;
}

/** Resolves when the controller has asked for nothing for two seconds: Events are written behind everything else. */
async function quiet(tally: Tally): Promise<void> {
  for (let before = -1; before !== sum(tally); await pause(2_000)) before = sum(tally);
}

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));
const sum = (tally: Tally, wanted: (key: string) => boolean = () => true): number =>
  [...tally].reduce((total, [key, value]) => (wanted(key) ? total + value : total), 0);
const isWrite = (key: string): boolean => !key.startsWith('GET ');
const tell = (tally: Tally): string =>
  [...tally]
    .sort((a, b) => b[1] - a[1])
    .map(([key, value]) => `${value} ${key}`)
    .join(', ');

/** One role that `count` profiles name: all created at once, then left alone, then all deleted at once. */
function measure(count: number, other: string | undefined): Promise<readonly BenchRow[]> {
  return onStage({ other, quota: 'off' }, async ({ world, users, controller, role, ...stage }) => {
    const names = Array.from({ length: count }, (_, index) => `user-${String(index).padStart(3, '0')}`);
    const name = `${count} profile${count === 1 ? '' : 's'}, one role`;
    const rows: BenchRow[] = [];
    const row = (metric: string, unit: string, value: number | undefined, note?: string): unknown =>
      rows.push({ case: name, metric, unit, value, ...(note === undefined ? {} : { note }) });
    const afresh = (): number => {
      world.kube.clear();
      world.iam.clear();
      return performance.now();
    };
    const isReady = (profile: string): boolean =>
      users.annotated(profile) === role.arn &&
      (other !== undefined || users.profiles.get(profile)?.some(({ type, status }) => type === 'Ready' && status === 'True') === true);

    row('at rest', 's of CPU', controller.usage().cpuSeconds, `${controller.usage().peakMiB.toFixed(0)} MiB peak`);
    const created = afresh();
    await users.create(names, role.arn);
    const createMs = performance.now() - created;
    const ready = await stage.until(created, () => {
      if (!names.every(isReady)) return false;
      const document = world.trust(role.name);
      return names.every((profile) => document.includes(subjectOf(profile)));
    });
    row('all ready', 'ms', ready, `creating them took ${createMs.toFixed(0)} ms; ${world.kind}`);
    await quiet(world.kube);
    row('IAM calls', 'calls', sum(world.iam), tell(world.iam));
    row('Kubernetes requests per profile', 'requests', sum(world.kube, (key) => !key.includes('watch')) / count, tell(world.kube));
    row('CPU until ready', 's', controller.usage().cpuSeconds);
    row('peak resident until ready', 'MiB', controller.usage().peakMiB);

    afresh();
    await pause(IDLE_MS);
    const idleWrites = sum(world.kube, isWrite) + (world.iam.get('UpdateAssumeRolePolicy') ?? 0);
    row('writes when idle', 'writes', idleWrites, `in ${IDLE_MS / 1000} s, beside ${tell(world.iam)}`);

    const deleted = afresh();
    await users.delete(names);
    const gone = await stage.until(deleted, () => {
      const document = world.trust(role.name);
      return !names.some((profile) => document.includes(subjectOf(profile)));
    });
    row('all subjects gone', 'ms', gone);
    row('all profiles gone', 'ms', await stage.until(deleted, () => users.profiles.size === 0));
    row('IAM calls of deletion', 'calls', sum(world.iam), tell(world.iam));
    row('Kubernetes requests per deletion', 'requests', sum(world.kube, (key) => !key.includes('watch')) / count, tell(world.kube));
    row('open at the end', 'statements', stage.openStatements());
    const used = controller.usage();
    row('CPU in all', 's', used.cpuSeconds);
    row('peak resident', 'MiB', used.peakMiB);
    return rows;
  });
}

function play(part: string, other: string | undefined): Promise<readonly BenchRow[]> {
  if (part === 'foreign') return onStage({ other, quota: 'off' }, measureForeign);
  if (part === 'quota') return onStage({ other, quota: 2048 }, measureQuota);
  return measure(Number(part), other);
}

/** What profiles cost: time, calls, requests and memory of a controller that keeps one role for many of them, and what others can do to it. */
export async function bench(options: { readonly other?: string }): Promise<BenchReport> {
  const parts = (process.env.PODROLE_BENCH_PROFILES ?? PARTS).split(',').filter(Boolean);
  const rows: BenchRow[] = [];
  for (const part of parts) {
    const ours = await play(part, undefined);
    const theirs = options.other === undefined ? [] : await play(part, options.other);
    for (const [index, row] of ours.entries()) {
      const value = theirs[index]?.value;
      const baseline = value === undefined ? {} : { baseline: { name: 'other', value } };
      const ratio = value === undefined || value === 0 || row.value === undefined ? {} : { ratio: row.value / value };
      rows.push({ ...row, ...baseline, ...ratio });
    }
  }
  return { name: 'profiles', rows };
}
