import { Command } from 'commander';
import type { Finding } from '../../../app/issuer/run-issuer.ts';
import { type Format, printDocument } from '../../document.ts';
import { EXIT } from '../../exit-codes.ts';
import { readInput, readToken } from '../../failure.ts';
import type { Invocation } from '../../invocation.ts';
import { collected, outputOption } from '../../options.ts';
import { caOption, type Resolve, resolveOption } from './options.ts';

interface VerifyFlags {
  readonly token?: string;
  readonly clientId?: readonly string[];
  readonly ca?: string;
  readonly resolve?: Resolve;
  readonly output: Format;
}

const HELP = `
Both documents are fetched as AWS does: five seconds each, no other host, no redirect to one. Exit: 0 AWS can use it, 1 it cannot.

Examples:
  $ podrole issuer verify https://issuer.example.com
  $ podrole token request sa/team-a:app | podrole issuer verify https://issuer.example.com --token -
  $ podrole issuer verify https://issuer.example.com --resolve issuer.example.com=127.0.0.1:8443 --ca issuer-ca/ca.crt`;

/** `podrole issuer verify`. */
export function verifyCommand(invocation: Invocation): Command {
  return new Command('verify')
    .description('look at an issuer from outside, as AWS does, and at a token of it')
    .argument('<issuer>', 'its URL, as tokens carry it')
    .option('-f, --token <file>', 'a token that must verify against the keys; - is standard input')
    .option(
      '--client-id <id>',
      'audience that is registered with the provider; repeat it for several (default: sts.amazonaws.com)',
      collected,
    )
    .addOption(resolveOption())
    .addOption(caOption())
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action(async (issuer: string, flags: VerifyFlags) => {
      const { terminal } = invocation;
      const { verifyFromOutside } = await import('../../../app/issuer/run-issuer.ts');
      const report = await verifyFromOutside(
        {
          issuer,
          token: flags.token === undefined ? undefined : await readToken(terminal, flags.token),
          clientIds: flags.clientId ?? ['sts.amazonaws.com'],
          ca: flags.ca === undefined ? undefined : await readInput(terminal, flags.ca),
          resolve: flags.resolve ?? new Map(),
          now: new Date(),
        },
        terminal.signal,
      );
      if (!report.ok) invocation.exitCode = EXIT.no;
      if (flags.output !== 'text') {
        printDocument(terminal, { kind: 'IssuerReport', ...report }, flags.output);
        return;
      }
      for (const finding of report.findings) terminal.out(findingText(invocation, finding));
      const { symbols, colors } = terminal;
      const keys = `${report.kids.length} key${report.kids.length === 1 ? '' : 's'}`;
      if (!report.ok)
        terminal.out(`${colors.red(symbols.no)} AWS cannot use ${issuer}${flags.token === undefined ? '' : ' or this token'} as it is\n`);
      else if (report.subject !== undefined) terminal.out(`${colors.green(symbols.ok)} AWS can verify this token of ${report.subject}\n`);
      else terminal.out(`${colors.green(symbols.ok)} AWS can use ${issuer}: ${keys} at ${report.jwksUri ?? ''}\n`);
    });
}

/** A finding and what mends it, as every command prints it. */
export function findingText({ terminal: { colors, symbols } }: Invocation, { severity, code, at, message, fix }: Finding): string {
  const mark = severity === 'error' ? colors.red(`${symbols.no} ${severity}`) : colors.yellow(`${symbols.note} ${severity}`);
  return `${mark} ${code} ${colors.dim(at)}\n  ${message}\n  fix: ${fix}\n`;
}
