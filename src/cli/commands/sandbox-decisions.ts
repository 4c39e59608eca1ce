import { Command, Option } from 'commander';
import type { Decision } from '../../app/run-decisions.ts';
import { jsonLine, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readInput, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { endpointOption, outputOption } from '../options.ts';

interface DecisionsFlags {
  readonly endpointUrl?: string;
  readonly tokenFile?: string;
  readonly verdict?: 'allow' | 'deny';
  readonly operation?: string;
  readonly reason?: string;
  readonly subject?: string;
  readonly role?: string;
  readonly follow?: boolean;
  readonly output: 'text' | 'json';
}

const EXAMPLES = `
STS tells a refused caller next to nothing, on purpose. The sandbox remembers why: this prints it, the oldest first.
Endpoint and token file are found in the environment that \`podrole sandbox start\` prints.

Examples:
  $ podrole sandbox decisions --verdict deny
  $ podrole sandbox decisions --follow -o json | jq '{reason, message}'`;

/** `podrole sandbox decisions`: what a running sandbox judged, and why. */
export function sandboxDecisionsCommand(invocation: Invocation): Command {
  return new Command('decisions')
    .description('say what a running sandbox allowed and denied, and why')
    .addOption(endpointOption())
    .addOption(new Option('--token-file <file>', "the sandbox's token file").env('PODROLE_SANDBOX_TOKEN_FILE'))
    .addOption(new Option('--verdict <verdict>', 'only these').choices(['allow', 'deny']))
    .option('--operation <operation>', 'only these, for example sts:AssumeRoleWithWebIdentity')
    .option('--reason <code>', 'only these, for example trust-policy')
    .option('--subject <subject>', 'only those of this token subject')
    .option('--role <arn>', 'only those about this role')
    .option('--follow', 'go on with those to come, until Ctrl-C')
    .addOption(outputOption(['text', 'json']))
    .addHelpText('after', EXAMPLES)
    .action((flags: DecisionsFlags) => decisions(invocation, flags));
}

async function decisions(invocation: Invocation, flags: DecisionsFlags): Promise<void> {
  const { terminal } = invocation;
  const { endpointUrl: endpoint = terminal.env.AWS_ENDPOINT_URL, tokenFile } = flags;
  if (endpoint === undefined || tokenFile === undefined) {
    throw new UsageError('it is not clear which sandbox is meant', [
      ...(endpoint === undefined ? [{ path: '--endpoint-url', message: 'is missing, and so is AWS_ENDPOINT_URL' }] : []),
      ...(tokenFile === undefined ? [{ path: '--token-file', message: 'is missing, and so is PODROLE_SANDBOX_TOKEN_FILE' }] : []),
    ]);
  }
  if (!URL.canParse(endpoint)) throw new UsageError(`--endpoint-url ${endpoint}: it must be a URL`);
  const { readDecisions, whyRefused } = await import('../../app/run-decisions.ts');
  const { verdict, operation, reason, subject, role: roleArn, follow = false } = flags;
  const given = Object.entries({ verdict, operation, reason, subject, roleArn }).filter(([, value]) => value !== undefined);
  const token = (await readInput(terminal, tokenFile)).trim();
  const question = { endpoint, token, filter: Object.fromEntries(given), follow };
  const items: Decision[] = [];
  try {
    for await (const decision of readDecisions(question, terminal.signal)) {
      if (flags.output === 'text') terminal.out(text(invocation, decision, whyRefused(decision)));
      else if (follow) terminal.out(jsonLine({ kind: 'Decision', ...decision }));
      else items.push(decision);
    }
  } catch (error) {
    // Ctrl-C is how one stops following.
    if (!follow || !terminal.signal.aborted) throw error;
    invocation.exitCode = terminal.signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
    return;
  }
  if (flags.output === 'json' && !follow) printDocument(terminal, { kind: 'DecisionList', items }, 'json');
}

function text({ terminal }: Invocation, decision: Decision, sentences: readonly string[]): string {
  const { colors, symbols } = terminal;
  const { time, operation, verdict, code, reason, message } = decision;
  const mark = verdict === 'allow' ? colors.green(symbols.ok) : colors.red(symbols.no);
  const why = verdict === 'allow' ? '' : ` ${code} (${reason})`;
  return `${[`${mark} ${colors.dim(time)} ${operation}${why}: ${message}`, ...sentences.map((sentence) => `  ${sentence}`)].join('\n')}\n`;
}
