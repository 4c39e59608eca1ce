import { messageOf, PodroleError, type Problem } from '../base/errors.ts';
import { type Format, printDocument } from './document.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** The user's command line or file is wrong: every problem of it. */
export class UsageError extends PodroleError {
  override readonly name = 'UsageError';
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[] = [], hint?: string) {
    super(message, { code: 'usage', ...(hint === undefined ? {} : { hint }) });
    this.problems = problems;
  }
}

/** Exit codes of failures by their own code; what is missing is `EXIT.failure`. The one mapping of this boundary. */
const EXIT_BY_CODE: Readonly<Record<string, ExitCode>> = {
  usage: EXIT.usage,
  'identity-invalid': EXIT.usage,
  'issuer-input-invalid': EXIT.usage,
  'issuer-not-published': EXIT.usage,
  'key-file-exists': EXIT.usage,
  'token-unreadable': EXIT.usage,
  'rotation-missing': EXIT.usage,
  'rotation-in-use': EXIT.no,
  'rotation-under-way': EXIT.no,
  'rotation-refused': EXIT.no,
  'credentials-config-invalid': EXIT.usage,
  'file-unreadable': EXIT.usage,
  'role-invalid': EXIT.usage,
  'region-missing': EXIT.usage,
  'plan-has-conflicts': EXIT.no,
  'plan-stale': EXIT.no,
  'retain-unknown': EXIT.usage,
  'setup-incomplete': EXIT.partial,
  timeout: EXIT.timeout,
};

/** A file's text, or standard input's for `-`. A file that cannot be read is a usage error. */
export async function readInput(terminal: Terminal, file: string): Promise<string> {
  return terminal.readText(file).catch((cause: unknown) => {
    throw new UsageError(`${file} cannot be read: ${messageOf(cause)}`);
  });
}

/** A token: standard input without the line end that a command before the pipe puts there, a file to the letter, as SDKs send it. */
export async function readToken(terminal: Terminal, file: string): Promise<string> {
  const text = await readInput(terminal, file);
  return file === '-' ? text.replace(/\r?\n$/, '') : text;
}

/** Tells a failure (code, message, cause, hint) and answers the exit code. No stack unless `verbose`. */
export function tellFailure(
  terminal: Terminal,
  thrown: unknown,
  options: { readonly format: Format; readonly verbose: boolean },
): ExitCode {
  const ended = terminal.signal.aborted ? (terminal.signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.failure) : undefined;
  // What an interrupted command could not put back is told all the same; everything else is the end itself.
  if (ended !== undefined && !(thrown instanceof PodroleError && thrown.code === 'cluster-not-clean')) {
    terminal.err(ended === EXIT.interrupted ? 'interrupted\n' : 'terminated\n');
    return ended;
  }
  const error = thrown instanceof PodroleError ? thrown : undefined;
  const code = error?.code ?? 'unexpected';
  const cause = thrown instanceof Error && thrown.cause !== undefined ? messageOf(thrown.cause) : undefined;
  const problems = error instanceof UsageError ? error.problems : [];
  if (options.format !== 'text') {
    printDocument(
      terminal,
      {
        kind: 'Error',
        code,
        message: messageOf(thrown),
        ...(cause === undefined ? {} : { cause }),
        ...(error?.hint === undefined ? {} : { hint: error.hint }),
        ...(problems.length === 0 ? {} : { problems }),
        retryable: error !== undefined && error.retry !== 'never',
      },
      options.format,
    );
  } else {
    const { colors } = terminal;
    terminal.err(`${colors.red('error')}: ${messageOf(thrown)}\n`);
    for (const problem of problems) terminal.err(`  ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}\n`);
    if (cause !== undefined && !messageOf(thrown).includes(cause)) terminal.err(`  because: ${cause}\n`);
    if (error?.hint !== undefined) terminal.err(`  ${colors.bold('hint')}: ${error.hint}\n`);
  }
  if (options.verbose && thrown instanceof Error) terminal.err(`${thrown.stack ?? ''}\n`);
  return ended ?? EXIT_BY_CODE[code] ?? EXIT.failure;
}
