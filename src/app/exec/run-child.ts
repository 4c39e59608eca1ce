import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { PodroleError } from '../../base/errors.ts';

/** Signals that are handed on to the command. */
export type ChildSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT' | 'SIGUSR2';

/** Hands the process's signals to `listener` alone, until the answered function is called. */
export type TakeSignals = (listener: (signal: ChildSignal) => void) => () => void;

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly takeSignals: TakeSignals;
  /** Whether a terminal is attached: it sends its keys' signals to the command itself. */
  readonly terminal: boolean;
}

/**
 * Runs the command with this process's standard streams and answers its exit code; 128 + n when signal n ended it, as shells say.
 * Rejects with `command-not-found` or `command-not-executable`.
 */
export async function runChild({ command, args, env, takeSignals, terminal }: ChildOptions): Promise<number> {
  const child = spawn(command, [...args], { env, stdio: 'inherit' });
  const giveBack = takeSignals((signal) => {
    if (terminal && (signal === 'SIGINT' || signal === 'SIGQUIT')) return;
    child.kill(signal);
  });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (cause: NodeJS.ErrnoException) => {
        const missing = cause.code === 'ENOENT';
        reject(
          new PodroleError(
            missing ? `command ${command} was not found` : `command ${command} cannot be run: ${cause.code ?? cause.message}`,
            {
              code: missing ? 'command-not-found' : 'command-not-executable',
              cause,
            },
          ),
        );
      });
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    giveBack();
  }
}
