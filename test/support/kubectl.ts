import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KubectlEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An unmodified kubectl with a home of its own, so that it neither reads nor writes the developer's. */
export interface Kubectl {
  (...args: readonly string[]): Promise<KubectlEnd>;
  /** Standard output of a call that must succeed. */
  ok(...args: readonly string[]): Promise<string>;
  /** A file that `-f` can name. */
  file(name: string, object: unknown): Promise<string>;
  /** A call that goes on, with its output so far. */
  start(...args: readonly string[]): { readonly child: ChildProcess; output(): string };
  close(): Promise<void>;
}

export async function openKubectl(program: string, kubeconfig: string): Promise<Kubectl> {
  const home = await mkdtemp(join(tmpdir(), 'podrole-kubectl-'));
  const env = { HOME: home, PATH: process.env.PATH ?? '', KUBECONFIG: kubeconfig };
  // Never a synchronous call: the server may live in this very process.
  const call = (...args: readonly string[]): Promise<KubectlEnd> =>
    new Promise((resolve) => {
      execFile(program, args, { env, cwd: home, timeout: 30_000 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
      });
    });
  return Object.assign(call, {
    ok: async (...args: readonly string[]) => {
      const ended = await call(...args);
      if (ended.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`);
      return ended.stdout;
    },
    file: async (name: string, object: unknown) => {
      const file = join(home, name);
      await writeFile(file, JSON.stringify(object));
      return file;
    },
    start: (...args: readonly string[]) => {
      let text = '';
      const child = spawn(program, args, { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.on('data', (data) => {
        text += String(data);
      });
      return { child, output: () => text };
    },
    close: () => rm(home, { recursive: true, force: true }),
  });
}
