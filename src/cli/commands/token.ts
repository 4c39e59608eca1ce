import { Command, Option } from 'commander';
import type { Exchange, TokenExplanation } from '../../app/issuer/run-token.ts';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readToken } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { contextOption, endpointOption, kubeconfigOption, outputOption, regionOption, wholeNumber } from '../options.ts';
import { findingText } from './issuer/verify.ts';

interface RequestFlags {
  readonly audience: string;
  readonly duration: number;
  readonly pod?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: Format;
}

interface ExchangeFlags {
  readonly role: string;
  readonly sessionName?: string;
  readonly duration?: number;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly showCredentials?: 'env' | 'json';
  readonly output: Format;
}

/** `podrole token request|decode|exchange`. */
export function tokenCommand(invocation: Invocation): Command {
  return new Command('token')
    .description('ask for a service account’s token, read one, exchange one')
    .addCommand(requestCommand(invocation))
    .addCommand(decodeCommand(invocation))
    .addCommand(exchangeCommand(invocation));
}

function requestCommand(invocation: Invocation): Command {
  return new Command('request')
    .description('ask the cluster for a token of a service account, and print it')
    .argument('<service-account>', 'sa/NAMESPACE:NAME')
    .option('--audience <audience>', 'whom it is for; one, since AWS refuses several', 'sts.amazonaws.com')
    .option('--duration <seconds>', 'how long it lives', wholeNumber(600, 2 ** 32), 600)
    .option('--pod <name>', 'a pod of that account to bind it to: the API server then refuses it when the pod is gone')
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole token request sa/team-a:app | podrole token decode\n  $ podrole token request sa/team-a:app --pod web-0 --duration 3600',
    )
    .action(async (identity: string, flags: RequestFlags) => {
      const { terminal } = invocation;
      const { requestToken } = await import('../../app/issuer/run-token.ts');
      const issued = await requestToken(
        {
          identity,
          audience: flags.audience,
          durationSeconds: flags.duration,
          pod: flags.pod,
          cluster: { kubeconfig: flags.kubeconfig, context: flags.context, env: terminal.env },
        },
        terminal.signal,
      );
      if (flags.output === 'text') terminal.out(`${issued.token}\n`);
      else printDocument(terminal, { kind: 'Token', token: issued.token, expiresAt: issued.expiresAt.toISOString() }, flags.output);
    });
}

function decodeCommand(invocation: Invocation): Command {
  return new Command('decode')
    .description('say what is in a token, what AWS reads of it, and what is wrong; never shows the token')
    .argument('[file]', 'where it is; absent or -: standard input')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nNothing is verified: for that see podrole issuer verify --token. Exit: 1 when AWS would refuse it.\n\nExamples:\n  $ podrole token decode /var/run/secrets/eks.amazonaws.com/serviceaccount/token\n  $ podrole token request sa/team-a:app | podrole token decode -o json',
    )
    .action(async (file: string | undefined, flags: { readonly output: Format }) => {
      const { terminal } = invocation;
      const { explain } = await import('../../app/issuer/run-token.ts');
      const explanation = explain(await readToken(terminal, file ?? '-'), new Date());
      if (explanation.findings.some(({ severity }) => severity === 'error')) invocation.exitCode = EXIT.no;
      if (flags.output === 'text') terminal.out(explanationText(invocation, explanation));
      else printDocument(terminal, { kind: 'TokenExplanation', ...explanation }, flags.output);
    });
}

function explanationText(invocation: Invocation, { header, claims, conditions, notes, findings }: TokenExplanation): string {
  const { bold, dim } = invocation.terminal.colors;
  const width = Math.max(0, ...claims.map(({ name }) => name.length));
  const value = (json: unknown): string => (typeof json === 'string' ? json : JSON.stringify(json));
  return [
    `${bold('signed with')}  ${value(header.alg ?? 'nothing')}, key ${value(header.kid ?? '(unnamed)')}\n`,
    `${bold('claims')}\n`,
    ...claims.map((claim) => `  ${claim.name.padEnd(width)}  ${value(claim.value)}\n  ${' '.repeat(width)}  ${dim(claim.meaning)}\n`),
    `${bold('a trust policy may compare')}\n`,
    ...conditions.map((one) => `  ${one.key} = ${one.value}\n`),
    ...notes.map((note) => `note: ${note}\n`),
    ...findings.map((finding) => findingText(invocation, finding)),
  ].join('');
}

function exchangeCommand(invocation: Invocation): Command {
  return new Command('exchange')
    .description('exchange a token once at STS, and say whom one becomes')
    .argument('[file]', 'where the token is; absent or -: standard input')
    .requiredOption('--role <arn>', 'the role to assume')
    .option('--session-name <name>', 'name of the session; absent: made of the subject')
    .option('--duration <seconds>', 'life of the credentials; absent: AWS’s, 3600', wholeNumber(900, 43_200))
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(new Option('--show-credentials <form>', 'print the credentials too, for a shell or as JSON').choices(['env', 'json']))
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit: 0 exchanged, 1 refused. Credentials are shown only when asked for.\n\nExamples:\n  $ podrole token request sa/team-a:app | podrole token exchange --role arn:aws:iam::111122223333:role/team-a\n  $ eval "$(podrole token exchange token --role ARN --show-credentials env)"',
    )
    .action((file: string | undefined, flags: ExchangeFlags) => exchangeToken(invocation, file ?? '-', flags));
}

async function exchangeToken(invocation: Invocation, file: string, flags: ExchangeFlags): Promise<void> {
  const { terminal } = invocation;
  const { exchange, credentialsText } = await import('../../app/issuer/run-token.ts');
  const outcome = await exchange(
    {
      token: await readToken(terminal, file),
      roleArn: flags.role,
      sessionName: flags.sessionName,
      durationSeconds: flags.duration,
      target: { region: flags.region ?? terminal.env.AWS_REGION ?? 'us-east-1', endpoint: flags.endpointUrl },
      now: new Date(),
    },
    terminal.signal,
  );
  if (!outcome.ok) invocation.exitCode = EXIT.no;
  if (outcome.ok && flags.showCredentials !== undefined) {
    terminal.out(credentialsText(outcome.session, flags.showCredentials));
    terminal.err(`you are ${outcome.session.arn}\n`);
  } else if (flags.output !== 'text') printDocument(terminal, exchangeDocument(outcome), flags.output);
  else terminal.out(exchangeText(invocation, outcome));
}

function exchangeDocument(outcome: Exchange): { readonly kind: string; readonly [member: string]: unknown } {
  if (!outcome.ok)
    return { kind: 'TokenExchange', exchanged: false, awsCode: outcome.awsCode, message: outcome.message, findings: outcome.findings };
  const { arn, subject, audience, provider, credentials } = outcome.session;
  return { kind: 'TokenExchange', exchanged: true, arn, subject, audience, provider, expiresAt: credentials.expiration.toISOString() };
}

function exchangeText(invocation: Invocation, outcome: Exchange): string {
  const { symbols, colors } = invocation.terminal;
  if (!outcome.ok) {
    const hint = 'next: podrole can sa/NAMESPACE:NAME assume ROLE says whether the trust policy is why\n';
    return `${colors.red(symbols.no)} ${outcome.message}\n${outcome.findings.map((finding) => findingText(invocation, finding)).join('')}${outcome.awsCode === 'AccessDenied' ? hint : ''}`;
  }
  const { arn, subject, audience, provider, credentials } = outcome.session;
  return `${colors.green(symbols.ok)} you are ${arn}\n  subject   ${subject}\n  audience  ${audience}\n  provider  ${provider}\n  until     ${credentials.expiration.toISOString()}\n`;
}
