import type { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** What a command's action gets, and the exit code it sets. */
export interface Invocation {
  readonly terminal: Terminal;
  exitCode: ExitCode;
}
