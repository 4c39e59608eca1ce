import { Command } from 'commander';
import type { Explained } from '../../app/run-explain.ts';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readInput, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { endpointOption, outputOption, providerArnOption, regionOption } from '../options.ts';

interface ExplainFlags {
  readonly policy: string;
  readonly claims?: string;
  readonly token?: string;
  readonly providerArn?: string;
  readonly roleArn?: string;
  readonly sessionName: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
}

const EXAMPLES = `
The token is decoded and not verified, and it is never printed: what is judged is the policy. Exit: 0 allowed, 1 denied, 2 usage.

Examples:
  $ podrole explain --policy role.json --token /var/run/secrets/eks.amazonaws.com/serviceaccount/token
  $ kubectl create token default-editor -n team-a --audience sts.amazonaws.com | podrole explain --policy kf-user-demo --token -
  $ podrole explain --policy role.json --claims claims.json -o json | jq .judgements[].sentences`;

/** `podrole explain`: why a trust policy lets a token in, or does not. */
export function explainCommand(invocation: Invocation): Command {
  return new Command('explain')
    .description('say why a trust policy lets a token in, or what it would take')
    .requiredOption('--policy <file>', 'the trust policy: a file, -, the name of a role or its ARN')
    .option('--claims <file>', 'the claims of a token as JSON; - is standard input')
    .option('--token <file>', 'a token; - is standard input')
    .addOption(providerArnOption())
    .option('--role-arn <arn>', "the role that has the policy; absent: the policy's source, else unknown")
    .option('--session-name <name>', 'the RoleSessionName that the caller chooses', 'podrole')
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action((flags: ExplainFlags) => explain(invocation, flags));
}

async function explain(invocation: Invocation, flags: ExplainFlags): Promise<void> {
  const { terminal } = invocation;
  const file = flags.token ?? flags.claims;
  if (file === undefined || (flags.token !== undefined && flags.claims !== undefined))
    throw new UsageError('give either --claims or --token', [], 'podrole explain --policy role.json --token FILE');
  if (file === '-' && flags.policy === '-') throw new UsageError('policy and token cannot both come from standard input');
  const { explainClaims, readClaims, readToken } = await import('../../app/run-explain.ts');
  const { readTrust } = await import('../../app/run-trust.ts');
  const read = (flags.token === undefined ? readClaims : readToken)(await readInput(terminal, file));
  if (!read.ok) {
    const what = flags.token === undefined ? 'a set of claims' : 'a token';
    throw new UsageError(`${file === '-' ? 'standard input' : file} is not ${what}`, read.problems);
  }
  const source = await readTrust(
    flags.policy,
    { region: flags.region, endpoint: flags.endpointUrl, readText: terminal.readText },
    terminal.signal,
  );
  const { providerArn, sessionName, roleArn = source.role?.arn } = flags;
  const explained = explainClaims({ policy: source.text, claims: read.claims, providerArn, roleArn, sessionName });
  if (!explained.ok) throw new UsageError('the question is not complete', explained.problems);
  if (flags.output === 'text') print(invocation, explained, read.notes);
  else {
    const { ok: _, ...answer } = explained;
    printDocument(terminal, { kind: 'Explanation', policy: source.from, ...answer, notes: read.notes }, flags.output);
  }
  if (explained.verdict === 'deny') invocation.exitCode = EXIT.no;
}

function print({ terminal }: Invocation, explained: Extract<Explained, { ok: true }>, notes: readonly string[]): void {
  const { colors, symbols } = terminal;
  for (const { action, verdict, sentences, statements } of explained.judgements) {
    const [answer = '', ...rest] = sentences;
    const mark = verdict === 'allow' ? colors.green(symbols.ok) : colors.red(symbols.no);
    terminal.out(`${mark} ${action}: ${answer}\n`);
    for (const sentence of rest) terminal.out(`  ${sentence}\n`);
    for (const statement of statements) terminal.out(`  ${colors.dim(statement)}\n`);
  }
  for (const note of notes) terminal.err(`${symbols.note} ${note}\n`);
}
