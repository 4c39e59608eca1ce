import type { Terminal } from './terminal.ts';

/** What a command's action gets, and the exit code it sets. */
export interface Invocation {
  readonly terminal: Terminal;
  /** One of `EXIT`, or that of a program that the command ran. */
  exitCode: number;
}
