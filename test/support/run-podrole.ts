import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const root = join(import.meta.dirname, '../..');
export const bundle = join(root, 'dist/podrole.mjs');
const guard = pathToFileURL(join(root, 'test/support/loopback-only.mjs')).href;

/** The environment of a podrole process in a test: nothing of the developer's own, and no connection that leaves the machine. */
export const bareEnvironment = (home: string): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  NODE_OPTIONS: `--import=${guard}`,
});

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first line of stdout that `wanted` accepts; rejects when the process ends without one. */
  line(wanted: (line: string) => boolean): Promise<string>;
}

/** Starts `podrole ARGS` from the bundle. */
export function startPodrole(
  args: readonly string[],
  options: { readonly home: string; readonly program?: string; readonly env?: Record<string, string> },
): Running {
  const child = spawn(process.execPath, [options.program ?? bundle, ...args], {
    env: { ...bareEnvironment(options.home), ...options.env },
    cwd: options.home,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of watchers) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
  return {
    child,
    ended,
    line: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = stdout.split('\n').slice(0, -1).find(wanted);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
        void ended.then(({ code }) =>
          reject(new Error(`podrole ${args.join(' ')} ended with ${code} before that line\n${stdout}\n${stderr}`)),
        );
      }),
  };
}

/** Runs `podrole ARGS` to its end. */
export function runPodrole(args: readonly string[], options: Parameters<typeof startPodrole>[1]): Promise<Ended> {
  return startPodrole(args, options).ended;
}
