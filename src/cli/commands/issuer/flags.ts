import { Command, Option } from 'commander';
import type { ApiServerFacts, Platform } from '../../../app/issuer/run-issuer.ts';
import { type Format, printDocument } from '../../document.ts';
import type { Invocation } from '../../invocation.ts';
import { collected, endpointOption, outputOption, regionOption } from '../../options.ts';
import { indent } from '../../text.ts';
import { duration, issuerOption, jwksPathOption, required } from './options.ts';

interface Flags {
  readonly for: Platform;
  readonly issuer?: string;
  readonly jwksPath?: string;
  readonly key: string;
  readonly publicKey?: readonly string[];
  readonly apiAudience?: readonly string[];
  readonly maxToken?: number;
  readonly beside?: string;
  readonly checkRoles?: boolean;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
}

const HELP = `
With --beside the cluster keeps its present issuer until nothing depends on it: the flags of each step, and who would break at it.
--check-roles reads the account's trust policies and names the roles that would.

Examples:
  $ podrole issuer flags --for kubeadm --issuer https://issuer.example.com --key /etc/kubernetes/pki/sa-signer
  $ podrole issuer flags --for k3s --issuer https://issuer.example.com --key /etc/rancher/k3s/sa-signer \\
      --beside https://kubernetes.default.svc.cluster.local --check-roles`;

/** The platforms' names; help must not load the app. */
export const platformOption = (): Option =>
  new Option('--for <platform>', 'how the control plane is run')
    .choices(['kube-apiserver', 'kubeadm', 'kops', 'k3s'])
    .default('kube-apiserver');

export const apiAudienceOption = (): Option =>
  new Option(
    '--api-audience <audience>',
    'audience of tokens for the API server itself; repeat it for several (default: https://kubernetes.default.svc.cluster.local)',
  ).argParser(collected);

/** What clusters have had so far: tokens with this audience are in every running pod. */
export const API_AUDIENCES: readonly string[] = ['https://kubernetes.default.svc.cluster.local'];

/** `podrole issuer flags`. */
export function flagsCommand(invocation: Invocation): Command {
  return new Command('flags')
    .description('print what the API servers must be told of an issuer and its keys')
    .addOption(platformOption())
    .addOption(issuerOption())
    .addOption(jwksPathOption())
    .requiredOption('--key <file>', 'the signing key as the API servers have it; its public half is FILE.pub')
    .option('--public-key <file>', 'another accepted key; repeat it for several', collected)
    .addOption(apiAudienceOption())
    .option('--max-token <time>', 'longest life that a token may be asked for with', duration)
    .option('--beside <issuer>', 'the issuer that the cluster has now')
    .option('--check-roles', 'with --beside: which roles of the account would refuse the new tokens')
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action((flags: Flags) => printFlags(invocation, flags));
}

async function printFlags(invocation: Invocation, flags: Flags): Promise<void> {
  const { terminal } = invocation;
  const { apiServerText, moveOf, rolesToChange } = await import('../../../app/issuer/run-issuer.ts');
  const issuer = required(flags.issuer, '--issuer');
  const facts: ApiServerFacts = {
    platform: flags.for,
    jwksPath: flags.jwksPath,
    jwksIssuer: issuer,
    signingKeyFile: flags.key,
    publicKeyFiles: [`${flags.key}.pub`, ...(flags.publicKey ?? [])],
    apiAudiences: flags.apiAudience ?? API_AUDIENCES,
    maxTokenSeconds: flags.maxToken,
  };
  if (flags.beside === undefined) {
    const text = apiServerText(facts, [issuer]);
    if (flags.output !== 'text') printDocument(terminal, { kind: 'ApiServerFlags', platform: flags.for, issuer, ...text }, flags.output);
    else terminal.out(rendered(text));
    return;
  }
  const move = { from: flags.beside, to: issuer };
  const steps = moveOf(move).map((step) => ({
    ...step,
    ...(step.issuers === undefined ? {} : { flags: apiServerText(facts, step.issuers) }),
  }));
  const roles =
    flags.checkRoles === true
      ? await rolesToChange(move, { region: flags.region ?? 'us-east-1', endpoint: flags.endpointUrl }, terminal.signal)
      : undefined;
  if (flags.output !== 'text') {
    printDocument(
      terminal,
      { kind: 'IssuerMove', ...move, platform: flags.for, steps, ...(roles === undefined ? {} : { roles }) },
      flags.output,
    );
    return;
  }
  for (const [index, step] of steps.entries()) {
    terminal.out(
      `${index + 1}. ${step.title}\n   who would break: ${step.breaks}\n${'flags' in step ? `\n${indent(step.flags.text, 3)}\n` : '\n'}`,
    );
  }
  const last = steps.find((step) => 'flags' in step);
  if (last !== undefined && 'flags' in last)
    terminal.out(`where: ${last.flags.where}\n${last.flags.notes.map((note) => `note: ${note}\n`).join('')}`);
  if (roles === undefined) terminal.err('next: the same command with --check-roles, or podrole trust lint for each role\n');
  else if (roles.length === 0) terminal.out('\nroles: none lets in the old issuer alone\n');
  else {
    terminal.out(`\nroles that would refuse the new tokens from step 3 on:\n`);
    for (const { arn, subjects } of roles) terminal.out(`  ${arn}${subjects.length === 0 ? '' : `: ${subjects.join(', ')}`}\n`);
  }
}

/** A platform's text for people: data first, remarks as comments. */
export function rendered({
  where,
  text,
  notes,
}: {
  readonly where: string;
  readonly text: string;
  readonly notes: readonly string[];
}): string {
  return `# ${where}\n${text}${notes.map((note) => `# ${note}\n`).join('')}`;
}
