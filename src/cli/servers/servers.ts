import { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { tellFailure, UsageError } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { goFlagsHelp, parseGoFlags } from './go-flags.ts';
import type { ServerProgram } from './server-program.ts';

/** A long-running server that replaces a Go program: flags in Go's manner, logs as JSON on stderr, until SIGTERM. */
export interface Server {
  readonly name: string;
  readonly summary: string;
  run(argv: readonly string[], terminal: Terminal): Promise<ExitCode>;
}

const server = (name: string, summary: string, load: () => Promise<ServerProgram>): Server => ({
  name,
  summary,
  run: async (argv, terminal) => {
    try {
      const program = await load();
      const parsed = parseGoFlags(program.table, argv);
      if (!parsed.ok) throw new UsageError(`podrole ${name}: wrong flags`, parsed.problems, `podrole ${name} --help`);
      if (parsed.help) {
        terminal.out(goFlagsHelp({ name, summary, example: program.example }, program.table));
        return EXIT.ok;
      }
      await program.start(parsed.values, terminal);
      return terminal.signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
    } catch (thrown) {
      return tellFailure(terminal, thrown, { format: 'text', verbose: false });
    }
  },
});

export const servers: readonly Server[] = [
  server(
    'webhook',
    'The pod identity webhook: gives pods of annotated service accounts a token, a mount and the environment of AWS SDKs.',
    async () => (await import('./webhook.ts')).webhookProgram(),
  ),
  server(
    'controller',
    'The Profile controller: namespaces, annotated service accounts and trust policies for Kubeflow Profiles.',
    async () => (await import('./controller.ts')).controllerProgram(),
  ),
];

/** The server's place in the tree, for help and completion; it is never parsed by it. */
export const serverCommand = ({ name, summary }: Server): Command =>
  new Command(name).description(summary).allowUnknownOption().helpOption(false);
