import { Command, CommanderError } from 'commander';
import { VERSION } from '../base/version.ts';
import { canCommand } from './commands/can.ts';
import { credentialsCommand } from './commands/credentials.ts';
import { execCommand } from './commands/exec.ts';
import { explainCommand } from './commands/explain.ts';
import { issuerCommand } from './commands/issuer.ts';
import { sandboxCommand } from './commands/sandbox.ts';
import { setupCommand } from './commands/setup.ts';
import { tokenCommand } from './commands/token.ts';
import { trustCommand } from './commands/trust.ts';
import { upCommand } from './commands/up.ts';
import { whoCanCommand } from './commands/who-can.ts';
import type { Format } from './document.ts';
import { EXIT } from './exit-codes.ts';
import { tellFailure } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { serverCommand, servers } from './servers/servers.ts';
import type { TakeSignals } from './signals.ts';
import { colorsFor, symbolsFor, type Terminal } from './terminal.ts';

/** What the process hands to the command line: the only place where the outside is touched is its caller. */
export interface Outside {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly programName: string;
  readonly isTty: boolean;
  readonly interactive: boolean;
  out(text: string): void;
  err(text: string): void;
  readonly signal: AbortSignal;
  readonly takeSignals: TakeSignals;
  readText(file: string): Promise<string>;
}

/** Runs one command line; answers its exit code and never rejects. */
export async function runCommandLine(argv: readonly string[], outside: Outside): Promise<number> {
  const terminal: Terminal = {
    env: outside.env,
    out: outside.out,
    err: outside.err,
    colors: colorsFor(outside.env, outside.isTty),
    symbols: symbolsFor(outside.env),
    signal: outside.signal,
    interactive: outside.interactive,
    takeSignals: outside.takeSignals,
    readText: outside.readText,
  };
  const invocation: Invocation = { terminal, exitCode: EXIT.ok };
  try {
    const server = servers.find(({ name }) => name === argv[0]);
    // The servers replace Go programs and read their flags in Go's manner.
    if (server !== undefined) return await server.run(argv.slice(1), terminal);
    const root = program(invocation, outside.programName);
    if (argv[0] === 'completion' || argv[0] === 'complete') (await import('./completion.ts')).attachCompletion(root);
    else root.command('completion <shell>').description('print the script that completes podrole in bash, zsh, fish or powershell');
    await root.parseAsync([...argv], { from: 'user' });
    return invocation.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return tellFailure(terminal, thrown, { format: formatOf(argv), verbose: argv.some((word) => /^-vv+$/.test(word)) });
  }
}

/** The whole tree. `completion` walks it, the documents are generated from it. */
export function program(invocation: Invocation, name = 'podrole'): Command {
  const root = new Command(name)
    .description('IAM roles for Kubernetes service accounts on AWS: for Kubeflow and for any cluster')
    .version(`podrole ${VERSION}`, '--version', 'print the version')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true })
    .configureOutput({ writeOut: invocation.terminal.out, writeErr: invocation.terminal.err })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole up                                    the whole journey on this machine: no cluster, no AWS account\n  $ podrole setup plan -f kfctl_aws.yaml          what a setup would create\n  $ podrole trust lint role-trust-policy.json     what is wrong with a trust policy',
    );
  const commands = [
    upCommand(invocation),
    setupCommand(invocation),
    explainCommand(invocation),
    whoCanCommand(invocation),
    canCommand(invocation),
    trustCommand(invocation),
    issuerCommand(invocation),
    tokenCommand(invocation),
    credentialsCommand(invocation),
    execCommand(invocation),
    sandboxCommand(invocation),
    ...servers.map(serverCommand),
    new Command('version').description('print the version').action(() => invocation.terminal.out(`podrole ${VERSION}\n`)),
  ];
  for (const command of commands) root.addCommand(inherit(command, invocation));
  return root;
}

/** Sub-commands do not take over the parent's way of ending and writing by themselves. */
function inherit(command: Command, invocation: Invocation): Command {
  command
    .exitOverride()
    .configureOutput({ writeOut: invocation.terminal.out, writeErr: invocation.terminal.err })
    .showSuggestionAfterError();
  for (const child of command.commands) inherit(child, invocation);
  return command;
}

/** The format asked for, also where the command line does not parse. */
function formatOf(argv: readonly string[]): Format {
  for (const [index, word] of argv.entries()) {
    // What follows is another program's.
    if (word === '--') break;
    const value = word === '-o' || word === '--output' ? argv[index + 1] : /^(?:-o|--output=)(json|yaml)$/.exec(word)?.[1];
    if (value === 'json' || value === 'yaml') return value;
  }
  return 'text';
}
