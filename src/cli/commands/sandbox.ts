import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Fault, IssuerAddresses } from '../../app/run-sandbox.ts';
import { jsonLine } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readInput, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { clusterName, collected, matching, outputOption, regionName, wholeNumber } from '../options.ts';
import { shellWord } from '../text.ts';
import { sandboxDecisionsCommand } from './sandbox-decisions.ts';

interface StartFlags {
  readonly port: number;
  readonly cluster: string;
  readonly account: string;
  readonly region: string;
  readonly adminKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly with?: 'seed';
  readonly awsTls?: boolean;
  readonly dataDir?: string;
  readonly issuerResolve?: readonly string[];
  readonly issuerCa?: string;
  readonly mode: 'aws' | 'strict';
  readonly propagationDelay: number;
  readonly fault?: readonly Fault[];
  readonly output: 'text' | 'json';
  readonly verbose?: boolean;
}

const EXAMPLES = `
Examples:
  $ podrole sandbox start                              a cluster's API, its issuer and an AWS account on loopback
  $ podrole sandbox start --with seed -o json          the same with setup, controller, webhook and the Profile user-a;
                                                       one JSON line when user-a's service account is trusted
  $ podrole sandbox start --data-dir ~/.podrole        what it holds is there again at the next start, whatever ended this one`;

function adminKey(text: string): StartFlags['adminKey'] {
  const [accessKeyId = '', secretAccessKey = ''] = matching(/^\w+:\S+$/, 'an access key id, a colon and a secret')(text).split(/:(.*)/s);
  return { accessKeyId, secretAccessKey };
}

const FAULTS = ['IDPCommunicationError', 'Throttling', 'InternalFailure', 'lost-answer'] as const;

function fault(text: string, before: readonly Fault[] = []): readonly Fault[] {
  const [, operation = '', word = '', times = '1'] = /^((?:sts|iam|eks|s3):\w+|\*)=([\w-]+?)(?::(\d{1,9}))?$/.exec(text) ?? [];
  const kind = FAULTS.find((name) => name === word);
  if (kind === undefined || Number(times) < 1)
    throw new InvalidArgumentError(`it must be service:Operation=KIND, or with :TIMES after it; KIND is one of ${FAULTS.join(', ')}`);
  return [...before, { operation, kind, times: Number(times) }];
}

/** Issuers besides the sandbox's own. */
async function issuersOf(invocation: Invocation, { issuerResolve, issuerCa }: StartFlags): Promise<IssuerAddresses | undefined> {
  if (issuerResolve === undefined && issuerCa === undefined) return undefined;
  const { readIssuerAddresses } = await import('../../app/run-sandbox.ts');
  const read = readIssuerAddresses(issuerResolve ?? []);
  if (!read.ok) throw new UsageError('the issuers are not clear', read.problems);
  return { resolve: read.resolve, ...(issuerCa === undefined ? {} : { ca: await readInput(invocation.terminal, issuerCa) }) };
}

/** `podrole sandbox start|decisions`. */
export function sandboxCommand(invocation: Invocation): Command {
  const start = new Command('start')
    .description('start a sandbox and keep it until SIGTERM or Ctrl-C')
    .option('--port <port>', 'port of the AWS endpoint; 0: any free one', wholeNumber(0, 65_535), 0)
    .option('--cluster <name>', 'name of the cluster', clusterName, 'demo')
    .option('--account <id>', 'AWS account', matching(/^\d{12}$/, 'twelve digits'), '111122223333')
    .option('--region <region>', 'AWS region', regionName, 'us-west-2')
    .option('--admin-key <id:secret>', "static keys of the account's administrator", adminKey, adminKey('test:test'))
    .addOption(new Option('--with <content>', 'what it holds from the start').choices(['seed']))
    .option('--aws-tls', "serve the AWS endpoint over HTTPS, with the sandbox's own CA")
    .option('--data-dir <folder>', 'keep the sandbox there between starts; one sandbox per folder')
    .option('--issuer-resolve <host=address:port>', 'where another issuer listens whose tokens are to be verified, repeatable', collected)
    .option('--issuer-ca <file>', 'PEM of the authorities that signed the certificates of those issuers')
    .addOption(
      new Option('--mode <mode>', 'tokens as AWS was seen to judge them, or more strictly').choices(['aws', 'strict']).default('aws'),
    )
    .option(
      '--propagation-delay <ms>',
      'until STS acts on a change of a role or provider; on AWS 4000 to 12000',
      wholeNumber(0, 600_000),
      0,
    )
    .option('--fault <operation=kind>', `make calls fail, repeatable: sts:GetCallerIdentity=Throttling:3; ${FAULTS.join(', ')}`, fault)
    .addOption(outputOption(['text', 'json']))
    .option('-v, --verbose', 'what the servers log, on stderr')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: StartFlags) => {
      const { terminal } = invocation;
      const issuers = await issuersOf(invocation, flags);
      const { runSandbox } = await import('../../app/run-sandbox.ts');
      const running = await runSandbox(
        {
          cluster: flags.cluster,
          account: flags.account,
          region: flags.region,
          port: flags.port,
          adminKey: flags.adminKey,
          awsTls: flags.awsTls === true,
          seed: flags.with === 'seed',
          issuers,
          switches: { mode: flags.mode, propagationMs: flags.propagationDelay, faults: flags.fault ?? [] },
          ...(flags.dataDir === undefined ? {} : { dataDir: resolve(flags.dataDir) }),
          logTo: flags.verbose === true ? { write: terminal.err } : undefined,
        },
        terminal.signal,
      );
      try {
        const { env, ...facts } = running.facts;
        if (flags.output === 'json') terminal.out(jsonLine({ kind: 'SandboxReady', ...running.facts }));
        else {
          const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(14)} ${value}`);
          const variables = Object.entries(env).map(([name, value]) => `export ${name}=${shellWord(value)}`);
          terminal.out(`${lines.join('\n')}\n\n${variables.join('\n')}\n`);
        }
        await running.ended(terminal.signal);
        invocation.exitCode = terminal.signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
      } finally {
        await running.close();
      }
    });
  return new Command('sandbox')
    .description('a cluster and an AWS account on this machine, for tests and trials')
    .addCommand(start)
    .addCommand(sandboxDecisionsCommand(invocation));
}
