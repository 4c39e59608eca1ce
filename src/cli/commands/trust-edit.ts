import { Command } from 'commander';
import type { TrustSource } from '../../app/run-trust.ts';
import type { TrustEdit } from '../../app/run-trust-edit.ts';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { endpointOption, outputOption, providerArnOption, regionOption, trustPolicyQuota } from '../options.ts';
import { diffText } from '../text.ts';

interface EditFlags {
  readonly providerArn?: string;
  readonly issuer?: string;
  readonly account?: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly audience: string;
  readonly quota?: number | 'off';
  readonly write?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
}

type Edited = Extract<TrustEdit, { kind: 'edited' }>;

const EXPLANATION = `
A policy is edited as the Profile controller edits it: one statement is podrole's, every other one stays as it was, and nothing is
ever written that lets a whole cluster in. Without a subject left, the document becomes one Deny, it is never open.
All or nothing: if one service account cannot be added, nothing is written.

Exit: 0 it is as asked, 1 refused, or a statement that is not podrole's still decides otherwise, 2 usage.

Examples:
  $ podrole trust edit role.json --add team-a:default-editor                        prints the new document
  $ podrole trust edit role.json --remove team-a:default-editor --write             rewrites the file
  $ podrole trust edit kf-user-demo --issuer https://oidc.eks.us-west-2.amazonaws.com/id/ABC --account 111122223333 --add team-a:default-editor --yes`;

/** `podrole trust edit`: subjects in and out of a trust policy, in a file or in IAM. */
export function trustEditCommand(invocation: Invocation): Command {
  return new Command('edit')
    .description('let service accounts in or keep them out, leaving every other statement as it was')
    .argument('<policy>', 'a file, - for standard input, the name of a role or its ARN')
    .addOption(providerArnOption())
    .option('--issuer <url>', 'the issuer of the provider, instead of its ARN')
    .option('--account <id>', 'the account of the provider, with --issuer')
    .option('--add <ns:name...>', 'service accounts that may assume the role', (value, before: readonly string[]) => [...before, value], [])
    .option('--remove <ns:name...>', 'service accounts that may no longer', (value, before: readonly string[]) => [...before, value], [])
    .option('--audience <audience>', 'what the tokens carry as aud', 'sts.amazonaws.com')
    .option(
      '--quota <characters>',
      "quota of the trust policy, or off; absent: the account's for a role, 2048 for a file",
      trustPolicyQuota,
    )
    .option('--write', 'rewrite the file')
    .option('--yes', 'change the role in IAM')
    .option('--dry-run', 'show the difference and write nothing')
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(outputOption())
    .addHelpText('after', EXPLANATION)
    .action((what: string, flags: EditFlags) => edit(invocation, what, flags));
}

async function edit(invocation: Invocation, what: string, flags: EditFlags): Promise<void> {
  const { terminal } = invocation;
  const { readSubjects, planTrustEdit, readProviderFacts, rewriteFile, storeRoleTrust } = await import('../../app/run-trust-edit.ts');
  const { readTrust, awsTarget } = await import('../../app/run-trust.ts');
  const { chooseProvider } = await import('../../app/trust-provider.ts');
  const subjects = readSubjects(flags);
  if (!subjects.ok) throw new UsageError('the edit is not clear', subjects.problems);
  if (flags.write === true && what === '-') throw new UsageError('--write: standard input cannot be rewritten, leave it out');
  const access = { region: flags.region, endpoint: flags.endpointUrl, readText: terminal.readText };
  const source = await readTrust(what, access, terminal.signal);
  if (source.role !== undefined && flags.write === true) throw new UsageError('--write is for files, a role is changed with --yes');
  const provider = chooseProvider(source.text, flags);
  if (!provider.ok) throw new UsageError('it is not clear which OIDC provider is meant', provider.problems);
  const { providerArn } = provider;
  const facts = source.role === undefined ? undefined : await readProviderFacts(awsTarget(access), providerArn, terminal.signal);
  if (facts !== undefined) warnAboutProvider(invocation, { providerArn, audience: flags.audience, clientIds: facts.clientIds });
  const plan = (document: string): TrustEdit =>
    planTrustEdit(document, {
      ...subjects.change,
      providerArn,
      audience: flags.audience,
      registeredAudiences: facts?.clientIds ?? [flags.audience],
      quota: flags.quota ?? facts?.quota ?? 2048,
    });

  let planned = plan(source.text);
  const told = (planned_: TrustEdit): planned_ is Edited => planned_.kind === 'edited' && planned_.refused.length === 0;
  if (!told(planned)) return refuse(invocation, { edit: planned, from: source.from, output: flags.output });
  await show(invocation, { edit: planned, source, flags });
  const wants = planned.changed && flags.dryRun !== true;
  if (wants && source.role !== undefined) {
    if (flags.yes !== true) throw new UsageError(`role ${source.role.name} was not changed: the command was not told to`, [], 'add --yes');
    planned = await storeRoleTrust(
      awsTarget(access),
      { name: source.role.name, base: source.text, edit: planned, replan: plan },
      terminal.signal,
    );
    if (!told(planned)) return refuse(invocation, { edit: planned, from: source.from, output: flags.output });
  } else if (wants && flags.write === true) {
    await rewriteFile(what, await laidOut(planned.document));
  }
  const written = wants && (source.role !== undefined || flags.write === true);
  tell(invocation, { edit: planned, source, written, removed: subjects.change.remove, flags });
}

function warnAboutProvider(
  { terminal }: Invocation,
  provider: { readonly providerArn: string; readonly audience: string; readonly clientIds: readonly string[] | undefined },
): void {
  const { providerArn, audience, clientIds } = provider;
  if (clientIds === undefined)
    terminal.err(`${terminal.symbols.note} ${providerArn} is not registered in this account: until it is, STS refuses its tokens\n`);
  else if (!clientIds.includes(audience))
    terminal.err(`${terminal.symbols.note} ${audience} is not among the client ids of ${providerArn}: STS refuses tokens for it\n`);
}

/** What an editor of files expects: the document, or what changes in it. */
async function show(
  invocation: Invocation,
  shown: { readonly edit: Edited; readonly source: TrustSource; readonly flags: EditFlags },
): Promise<void> {
  const { terminal } = invocation;
  const { edit: planned, source, flags } = shown;
  if (flags.output !== 'text') return;
  const after = await laidOut(planned.document);
  if (source.role === undefined && flags.write !== true && flags.dryRun !== true) terminal.out(after);
  else if (planned.changed) terminal.out(`${diffText({ before: await laidOut(source.text), after }, terminal.colors)}\n`);
}

interface Outcome {
  readonly edit: Edited;
  readonly source: TrustSource;
  readonly written: boolean;
  readonly removed: readonly string[];
  readonly flags: EditFlags;
}

/** Warnings by which the answer to what was asked is still no. */
const STILL_NO: ReadonlySet<string> = new Set(['still-admitted', 'denied-elsewhere']);

function tell(invocation: Invocation, { edit: planned, source, written, removed, flags }: Outcome): void {
  const { terminal } = invocation;
  const { kind: _, document, ...facts } = planned;
  if (flags.output !== 'text')
    printDocument(terminal, { kind: 'TrustEdit', from: source.from, written, ...facts, document: JSON.parse(document) }, flags.output);
  for (const { code, message } of planned.warnings) terminal.err(`${terminal.symbols.note} ${code}: ${message}\n`);
  for (const subject of removed.filter((one) => !planned.removed.includes(one)))
    terminal.err(`${terminal.symbols.note} ${subject} was not in podrole's statement\n`);
  const outcome = written ? 'written' : planned.changed ? 'not written' : 'nothing to change';
  terminal.err(
    `${source.from}: ${planned.admitted.length} of ${planned.admitted.length + planned.refused.length} admitted, ${planned.removed.length} removed, ${planned.size} of ${planned.quota === 'off' ? 'unlimited' : planned.quota} characters; ${outcome}\n`,
  );
  if (written) terminal.err(`next: podrole trust lint ${source.role?.name ?? source.from}\n`);
  if (planned.warnings.some(({ code }) => STILL_NO.has(code))) invocation.exitCode = EXIT.no;
}

const REFUSALS: Readonly<Record<string, string>> = {
  'role-open':
    'another statement lets every service account of the provider in; bind it to a subject first (`podrole trust lint` says where)',
  'trust-policy-full': 'the trust policy would be longer than its quota; use a second role, or ask AWS for a higher quota and give --quota',
  'audience-conflict': "podrole's statement asks for another audience and names service accounts that nobody asked to admit",
};

function refuse(invocation: Invocation, refused: { readonly edit: TrustEdit; readonly from: string; readonly output: Format }): void {
  const { terminal } = invocation;
  const { edit: planned, from, output } = refused;
  invocation.exitCode = EXIT.no;
  const reasons =
    planned.kind === 'refused'
      ? [{ reason: planned.reason as string, message: planned.message }]
      : planned.refused.map(({ subject, reason }) => ({ reason: reason as string, subject, message: REFUSALS[reason] ?? reason }));
  if (output !== 'text') {
    printDocument(terminal, { kind: 'TrustEdit', from, written: false, changed: false, refused: reasons }, output);
    return;
  }
  terminal.err(`${terminal.colors.red(`${terminal.symbols.no} refused`)}: ${from} stays as it was\n`);
  for (const reason of reasons) terminal.err(`  ${reason.reason}: ${'subject' in reason ? `${reason.subject}: ` : ''}${reason.message}\n`);
}

async function laidOut(document: string): Promise<string> {
  const { format } = await import('../../app/run-trust.ts');
  const result = format(document);
  return result.ok ? result.text : document;
}
