import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { NAIVE } from './naive.ts';

const ROOT = join(import.meta.dirname, '..');
/** Ticks of /proc: always a hundredth of a second on Linux. */
const TICK_MS = 10;
const isPinned = availableParallelism() > 1;

/** Who is measured. */
export type Side = { readonly kind: 'podrole' } | { readonly kind: 'naive' } | { readonly kind: 'other'; readonly command: string };

export interface StartOptions {
  readonly port: number;
  readonly metricsPort: number;
  readonly kubeApi: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A measured process. */
export interface Measured {
  readonly child: ChildProcess;
  /** User and system time since its start, in milliseconds. */
  cpuMs(): number;
  /** Resident memory in MiB, now and at most. */
  memory(): { readonly now: number; readonly peak: number };
  stop(): Promise<void>;
}

/** Moves this process to the second core, so that the first is the measured one's alone. */
export function pinSelf(): void {
  if (isPinned) execFileSync('taskset', ['-a', '-cp', '1', String(process.pid)], { stdio: 'ignore' });
}

/** Starts one side on the first core. Its log goes nowhere. */
export function start(side: Side, options: StartOptions): Measured {
  const { port, metricsPort, kubeApi, certFile, keyFile } = options;
  const flags = [
    '--in-cluster=false',
    `--kube-api=${kubeApi}`,
    `--port=${port}`,
    `--metrics-port=${metricsPort}`,
    `--tls-cert=${certFile}`,
    `--tls-key=${keyFile}`,
  ];
  const command =
    side.kind === 'podrole'
      ? [process.execPath, join(ROOT, 'dist/podrole.mjs'), 'webhook', ...flags]
      : side.kind === 'naive'
        ? [process.execPath, '--input-type=module', '-e', NAIVE, String(port), certFile, keyFile]
        : [...side.command.split(' ').filter((word) => word !== ''), ...flags];
  const [program = '', ...args] = isPinned ? ['taskset', '-c', '0', ...command] : command;
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const status = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1_024;
  return {
    child,
    cpuMs: () => {
      const text = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    memory: () => ({ now: status('VmRSS'), peak: status('VmHWM') }),
    stop: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
