import { Command } from 'commander';
import type { TrustFinding, TrustSource } from '../../app/run-trust.ts';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { endpointOption, outputOption, regionOption, trustPolicyQuota } from '../options.ts';
import { trustEditCommand } from './trust-edit.ts';

interface TrustFlags {
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
  readonly quota: number | 'off';
  readonly failOn: 'error' | 'warning';
  readonly check?: boolean;
}

const WHAT = 'a file, - for standard input, the name of a role or its ARN';

/** `podrole trust show|lint|edit|fmt`: trust policies, with or without AWS. */
export function trustCommand(invocation: Invocation): Command {
  const shared = (command: Command): Command => command.argument('<policy>', WHAT).addOption(regionOption()).addOption(endpointOption());
  const show = shared(new Command('show').description('print a trust policy, laid out'))
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ podrole trust show kf-user-demo\n  $ podrole trust show role.json -o json')
    .action(async (what: string, flags: TrustFlags) => {
      const { terminal } = invocation;
      const source = await read(invocation, what, flags);
      const text = await formatted(source);
      if (flags.output === 'text') terminal.out(text);
      else printDocument(terminal, { kind: 'TrustPolicy', from: source.from, document: JSON.parse(text) }, flags.output);
    });
  const lintCommand = shared(new Command('lint').description('say what opens the role by mistake, never matches, or cannot be stored'))
    .addOption(outputOption())
    .option('--quota <characters>', 'quota of a trust policy in this account, or off', trustPolicyQuota, 2048)
    .option('--fail-on <severity>', 'exit 1 from this severity on: error or warning', 'error')
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole trust lint role.json\n  $ aws iam get-role --role-name R --query Role.AssumeRolePolicyDocument | podrole trust lint -',
    )
    .action(async (what: string, flags: TrustFlags) => {
      if (flags.failOn !== 'error' && flags.failOn !== 'warning')
        throw new UsageError(`--fail-on ${String(flags.failOn)}: it must be error or warning`);
      const { terminal } = invocation;
      const { lint } = await import('../../app/run-trust.ts');
      const source = await read(invocation, what, flags);
      const { findings, size, quota } = lint(source.text, flags.quota);
      if (flags.output === 'text') {
        for (const finding of findings) terminal.out(findingText(invocation, finding));
        terminal.out(
          `${findings.length} finding${findings.length === 1 ? '' : 's'}; ${size} of ${quota === 'off' ? 'unlimited' : quota} characters\n`,
        );
      } else printDocument(terminal, { kind: 'FindingList', from: source.from, findings, size, quota }, flags.output);
      const counted = flags.failOn === 'warning' ? findings : findings.filter(({ severity }) => severity === 'error');
      if (counted.length > 0) invocation.exitCode = EXIT.no;
    });
  const fmt = shared(new Command('fmt').description('print a trust policy in its canonical layout; the meaning stays'))
    .option('--check', 'print nothing; exit 1 when the layout differs')
    .addHelpText('after', '\nExamples:\n  $ podrole trust fmt role.json > tidy.json\n  $ podrole trust fmt --check role.json')
    .action(async (what: string, flags: TrustFlags) => {
      const source = await read(invocation, what, flags);
      const text = await formatted(source);
      if (flags.check !== true) invocation.terminal.out(text);
      else if (text !== source.text) invocation.exitCode = EXIT.no;
    });
  return new Command('trust')
    .description('show, check, edit and lay out trust policies: files or roles')
    .addCommand(show)
    .addCommand(lintCommand)
    .addCommand(trustEditCommand(invocation))
    .addCommand(fmt);
}

async function read({ terminal }: Invocation, what: string, flags: TrustFlags): Promise<TrustSource> {
  const { readTrust } = await import('../../app/run-trust.ts');
  return readTrust(what, { region: flags.region, endpoint: flags.endpointUrl, readText: terminal.readText }, terminal.signal);
}

async function formatted({ text, from }: TrustSource): Promise<string> {
  const { format } = await import('../../app/run-trust.ts');
  const result = format(text);
  if (result.ok) return result.text;
  throw new UsageError(`${from} is not a policy`, [result.problem]);
}

function findingText({ terminal: { colors, symbols } }: Invocation, { severity, code, path, message, fix }: TrustFinding): string {
  const mark = severity === 'error' ? colors.red(`${symbols.no} ${severity}`) : colors.yellow(`${symbols.note} ${severity}`);
  return `${mark} ${code} ${colors.dim(path || '/')}\n  ${message}\n  fix: ${fix}\n`;
}
