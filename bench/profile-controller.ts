import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN_KEY, type ProfileWorld } from './profile-world.ts';

/** CPU time in /proc is counted in hundredths of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const BUILT = join(import.meta.dirname, '../dist');

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** A controller under measurement: ours, or the command that `other` is. */
export interface MeasuredController {
  usage(): Usage;
  stop(): Promise<void>;
}

/**
 * Starts a controller on a world. `PODROLE_BENCH_NODE_ARGS` goes to Node before the program (`--cpu-prof`), `PODROLE_BENCH_LOG` names a
 * file for what ours logs.
 */
export function startController(
  world: ProfileWorld,
  options: { readonly other?: string | undefined; readonly quota: number | 'off' },
): MeasuredController {
  const { NODE_OPTIONS: _, PODROLE_BENCH_NODE_ARGS: nodeArgs = '', PODROLE_BENCH_LOG: log, ...inherited } = process.env;
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
  const child = options.other === undefined ? startOurs() : spawn(options.other, { env, stdio: 'ignore', shell: true });
  return {
    usage: () => usageOf(child),
    stop: async () => {
      child.kill('SIGTERM');
      await new Promise((resolve) => (child.exitCode === null ? child.once('close', resolve) : resolve(undefined)));
    },
  };

  function startOurs(): ChildProcess {
    // A copy: others may build while this runs, and chunks are loaded late.
    const copy = join(world.folder, 'dist');
    cpSync(BUILT, copy, { recursive: true });
    const flags = ['--kubeconfig', world.kubeconfig, '--metrics-bind-address', '0', '--health-probe-bind-address', '0'];
    const ours = [join(copy, 'podrole.mjs'), 'controller', ...flags, '--trust-policy-quota', String(options.quota)];
    const args = [...nodeArgs.split(' ').filter(Boolean), ...ours, '--iam-endpoint', world.sandbox.awsEndpoint];
    return spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', log === undefined ? 'ignore' : openSync(log, 'a')] });
  }
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
