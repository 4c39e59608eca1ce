import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destroyWith, planWith, readKfDef, setupPorts } from '../src/app/run-setup.ts';
import { openSandbox } from '../src/app/sandbox.ts';
import { silentLog } from '../src/base/log.ts';
import { systemClock } from '../src/host/system-clock.ts';
import { type BenchReport, type BenchRow, median } from './report.ts';

const RUNS = 7;
const SLOW_MS = 200;
const CONSENT = { deleteProfiles: false, detachPolicies: false, retain: [] };

/** The documentation's file, planned and applied to an empty sandbox over sockets; then with 200 ms in front of every call. */
export async function bench(): Promise<BenchReport> {
  let delayMs = 0;
  let calls = { aws: 0, kube: 0 };
  const slowed =
    (side: 'aws' | 'kube') =>
    (handler: (request: Request) => Promise<Response>) =>
    async (request: Request): Promise<Response> => {
      calls[side] += 1;
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      return handler(request);
    };
  const folder = await mkdtemp(join(tmpdir(), 'podrole-bench-'));
  const sandbox = await openSandbox({
    account: '111122223333',
    region: 'us-west-2',
    cluster: 'demo',
    adminKey: { accessKeyId: 'test', secretAccessKey: 'test' },
    port: 0,
    awsTls: false,
    folder,
    clock: systemClock(),
    log: silentLog,
    intercept: { aws: slowed('aws'), kubeApi: slowed('kube') },
  });
  try {
    const read = readKfDef(await readFile(join(import.meta.dirname, '../examples/kfctl_aws.yaml'), 'utf8'), {});
    if (!read.ok) throw new Error('the shipped example is not a setup');
    const asked = { request: read.request, region: sandbox.region };
    const kube = sandbox.kubeClient('bench');
    const once = async (): Promise<{ readonly ms: number; readonly aws: number; readonly kube: number }> => {
      calls = { aws: 0, kube: 0 };
      const start = performance.now();
      const ports = setupPorts(sandbox.adminTarget, kube);
      await (await planWith(asked, ports)).apply(() => undefined);
      const result = { ms: performance.now() - start, ...calls };
      const delay = delayMs;
      delayMs = 0;
      await (await destroyWith(asked, ports, CONSENT)).apply(() => undefined);
      await kube.raw('DELETE', '/api/v1/namespaces/kubeflow');
      while ((await kube.raw('GET', '/api/v1/namespaces').then(namesOf)).includes('kubeflow'))
        await new Promise((go) => setTimeout(go, 20));
      delayMs = delay;
      return result;
    };
    await once();
    const quick = [];
    for (let run = 0; run < RUNS; run += 1) quick.push(await once());
    delayMs = SLOW_MS;
    const slow = await once();
    const all = slow.aws + slow.kube;
    const ms = (value: number): number => Math.round(value);
    const rows: BenchRow[] = [
      {
        case: 'plan and apply, empty account',
        metric: 'time',
        unit: 'ms',
        value: ms(median(quick.map((run) => run.ms))),
        note: `median of ${RUNS}`,
      },
      { case: 'plan and apply, empty account', metric: 'calls to AWS', unit: 'calls', value: slow.aws },
      { case: 'plan and apply, empty account', metric: 'calls to Kubernetes', unit: 'calls', value: slow.kube },
      {
        case: `${SLOW_MS} ms in front of every call`,
        metric: 'time',
        unit: 'ms',
        value: ms(slow.ms),
        baseline: { name: 'one call after the other', value: all * SLOW_MS },
        ratio: Number((slow.ms / (all * SLOW_MS)).toFixed(2)),
        note: `${Math.floor(slow.ms / SLOW_MS)} round trips deep`,
      },
    ];
    return { name: 'setup', rows };
  } finally {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function namesOf(list: unknown): readonly string[] {
  return (list as { readonly items: readonly { readonly metadata: { readonly name: string } }[] }).items.map(
    ({ metadata }) => metadata.name,
  );
}
