import type { Explained } from '../../app/run-explain.ts';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readInput, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';

export interface ExplainPolicyFlags {
  readonly claims?: string;
  readonly token?: string;
  readonly providerArn?: string;
  readonly roleArn?: string;
  readonly sessionName: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
}

/** `podrole explain --policy`: why a trust policy lets a token in, or does not. */
export async function explainPolicy(invocation: Invocation, policy: string, flags: ExplainPolicyFlags): Promise<void> {
  const { terminal } = invocation;
  const file = flags.token ?? flags.claims;
  if (file === undefined || (flags.token !== undefined && flags.claims !== undefined))
    throw new UsageError('give either --claims or --token', [], 'podrole explain --policy role.json --token FILE');
  if (file === '-' && policy === '-') throw new UsageError('policy and token cannot both come from standard input');
  const { explainClaims, readClaims, readToken } = await import('../../app/run-explain.ts');
  const { readTrust } = await import('../../app/run-trust.ts');
  const read = (flags.token === undefined ? readClaims : readToken)(await readInput(terminal, file));
  if (!read.ok) {
    const what = flags.token === undefined ? 'a set of claims' : 'a token';
    throw new UsageError(`${file === '-' ? 'standard input' : file} is not ${what}`, read.problems);
  }
  const source = await readTrust(
    policy,
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
