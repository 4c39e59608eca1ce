import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { jsonLine } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { matching, outputOption, wholeNumber } from '../options.ts';

interface StartFlags {
  readonly port: number;
  readonly cluster: string;
  readonly account: string;
  readonly region: string;
  readonly adminKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly with?: 'seed';
  readonly awsTls?: boolean;
  readonly dataDir?: string;
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

/** `podrole sandbox start`. */
export function sandboxCommand(invocation: Invocation): Command {
  const start = new Command('start')
    .description('start a sandbox and keep it until SIGTERM or Ctrl-C')
    .option('--port <port>', 'port of the AWS endpoint; 0: any free one', wholeNumber(0, 65_535), 0)
    .option('--cluster <name>', 'name of the cluster', 'demo')
    .option('--account <id>', 'AWS account', matching(/^\d{12}$/, 'twelve digits'), '111122223333')
    .option('--region <region>', 'AWS region', 'us-west-2')
    .option('--admin-key <id:secret>', "static keys of the account's administrator", adminKey, adminKey('test:test'))
    .addOption(new Option('--with <content>', 'what it holds from the start').choices(['seed']))
    .option('--aws-tls', "serve the AWS endpoint over HTTPS, with the sandbox's own CA")
    .option('--data-dir <folder>', 'keep the sandbox there between starts; one sandbox per folder')
    .addOption(outputOption(['text', 'json']))
    .option('-v, --verbose', 'what the servers log, on stderr')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: StartFlags) => {
      const { terminal } = invocation;
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
          const variables = Object.entries(env).map(([name, value]) => `export ${name}=${value}`);
          terminal.out(`${lines.join('\n')}\n\n${variables.join('\n')}\n`);
        }
        await running.ended(terminal.signal);
        invocation.exitCode = terminal.signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
      } finally {
        await running.close();
      }
    });
  return new Command('sandbox').description('a cluster and an AWS account on this machine, for tests and trials').addCommand(start);
}
