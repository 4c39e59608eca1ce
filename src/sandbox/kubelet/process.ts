import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../base/clock.ts';

/** How a container's process ended and what it said. */
export interface ProcessResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A process of a container. */
export interface RunningProcess {
  readonly pid: number | undefined;
  /** What it has written to stdout so far. */
  output(): string;
  /** Resolves when it has ended; never rejects: a program that could not be started has no exit code and its reason on stderr. */
  readonly ended: Promise<ProcessResult>;
  /** TERM, and KILL when it is still there after `graceMs`. */
  stop(clock: Clock, graceMs: number): Promise<ProcessResult>;
}

const LIMIT = 1 << 20;

/** Starts a program with exactly this environment. Output beyond 1 MiB is dropped. */
export function startProcess(options: ProcessOptions): RunningProcess {
  const [program = '', ...args] = options.argv;
  const child: ChildProcess = spawn(program, args, { cwd: options.cwd, env: { ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < LIMIT) stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < LIMIT) stderr += text;
  });
  const ended = new Promise<ProcessResult>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: undefined, stdout, stderr: `${stderr}${error.message}\n` }));
    child.once('close', (code) => resolve({ exitCode: code ?? undefined, stdout, stderr }));
  });
  return {
    pid: child.pid,
    output: () => stdout,
    ended,
    stop: async (clock, graceMs) => {
      child.kill('SIGTERM');
      const timer = clock.after(graceMs, () => child.kill('SIGKILL'));
      const result = await ended;
      timer.cancel();
      return result;
    },
  };
}
