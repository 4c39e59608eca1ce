import { resolve } from 'node:path';
import { Command } from 'commander';
import type { WalkStep } from '../../app/walk/walk.ts';
import { jsonLine } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { clusterName, contextOption, matching, outputOption, regionName, wholeNumber } from '../options.ts';
import { diffText, indent, shellWord } from '../text.ts';

interface UpFlags {
  readonly once?: boolean;
  readonly output: 'text' | 'json';
  readonly cluster: string;
  readonly account: string;
  readonly region: string;
  readonly port: number;
  readonly awsTls?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly allowRemoteCluster?: boolean;
  readonly verbose?: boolean;
}

const EXAMPLES = `
What it starts, on loopback: a Kubernetes API, an OIDC issuer, an AWS account (STS, IAM, EKS, S3), the webhook and the
controller. Then it walks the seed's page and prints what it observed. Neither a cluster nor an AWS account is touched.

With --kubeconfig it brings the AWS account, the webhook and the controller to a control plane that is already running on this machine,
walks there and gives the cluster back as it was. The cluster must be empty of Profiles and of the walk's namespaces, and its issuer must be
a name that IAM takes: https, no port, not cluster.local. Pods are not scheduled: the walk plays the kubelet.

Examples:
  $ podrole up                      walk, then stay up until Ctrl-C
  $ podrole up --once               walk and exit: 0 all observed, 1 a step red, 3 a server did not start
  $ podrole up --once -o json       one JSON line per step, then one of kind Ready
  $ podrole up --kubeconfig F       the same on the cluster of that kubeconfig`;

/** `podrole up`: the embedded default. */
export function upCommand(invocation: Invocation): Command {
  return new Command('up')
    .description('run the whole journey on this machine: no cluster, no AWS account')
    .option('--once', 'walk and exit')
    .addOption(outputOption(['text', 'json']))
    .option('--cluster <name>', 'name of the cluster', clusterName, 'demo')
    .option('--account <id>', 'AWS account of the sandbox', matching(/^\d{12}$/, 'twelve digits'), '111122223333')
    .option('--region <region>', 'AWS region of the sandbox', regionName, 'us-west-2')
    .option('--port <port>', 'port of the AWS endpoint; 0: any free one', wholeNumber(0, 65_535), 0)
    .option('--aws-tls', "serve the AWS endpoint over HTTPS, with the sandbox's own CA")
    .option('--kubeconfig <file>', 'walk on the cluster of this kubeconfig; the environment is not asked for one')
    .addOption(contextOption())
    .option('--allow-remote-cluster', 'take a cluster that is not on loopback: it cannot call the webhook here, and it may be in use')
    .option('-v, --verbose', 'what the servers log, on stderr')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: UpFlags, command: Command) => {
      const { terminal } = invocation;
      refuseWithoutKubeconfig(flags, command);
      const { runUp } = await import('../../app/run-up.ts');
      const json = flags.output === 'json';
      const running = await runUp(
        {
          cluster: flags.cluster,
          account: flags.account,
          region: flags.region,
          port: flags.port,
          awsTls: flags.awsTls === true,
          logTo: flags.verbose === true ? { write: terminal.err } : undefined,
          ...(flags.kubeconfig === undefined
            ? {}
            : {
                existing: {
                  kubeconfig: resolve(flags.kubeconfig),
                  context: flags.context,
                  allowRemote: flags.allowRemoteCluster === true,
                },
              }),
          onSwept: (what) => {
            terminal.err(`removed what a walk that was killed had left in the cluster: ${what.join(', ')}\n`);
          },
          onStarted: (ms) => {
            if (!json) terminal.err(`servers up after ${ms} ms\n`);
          },
          onStep: (step) => terminal.out(json ? jsonLine({ kind: 'Step', ...publicStep(step) }) : stepText(invocation, step)),
        },
        terminal.signal,
      );
      try {
        if (json) terminal.out(jsonLine({ kind: 'Ready', env: running.env }));
        else if (!running.ok)
          terminal.out(`\n${running.steps.filter((step) => !step.ok).length} of ${running.steps.length} steps are red\n`);
        else if (flags.once === true) terminal.out(`\nall ${running.steps.length} steps were observed\n`);
        else terminal.out(readyText(invocation, running.env, running.tries));
        if (flags.once !== true) {
          if (!json) terminal.err('Ctrl-C stops everything\n');
          await running.ended(terminal.signal);
        }
        invocation.exitCode = terminal.signal.reason === 'SIGINT' ? EXIT.interrupted : running.ok ? EXIT.ok : EXIT.no;
      } finally {
        await running.close();
      }
    });
}

/** Whoever names a context means a cluster of theirs: the embedded one must not be walked in its place. PODROLE_CONTEXT speaks to other commands too. */
function refuseWithoutKubeconfig({ kubeconfig, allowRemoteCluster }: UpFlags, command: Command): void {
  if (kubeconfig !== undefined) return;
  const given = [
    ...(command.getOptionValueSource('context') === 'cli' ? ['--context'] : []),
    ...(allowRemoteCluster === true ? ['--allow-remote-cluster'] : []),
  ];
  if (given.length > 0)
    throw new UsageError(`${given.join(' and ')} without --kubeconfig`, [], 'name the file with --kubeconfig: no other is read');
}

function publicStep(step: WalkStep): Omit<WalkStep, 'diff'> {
  const { diff: _, ...rest } = step;
  return rest;
}

function stepText(invocation: Invocation, step: WalkStep): string {
  const { colors, symbols } = invocation.terminal;
  const mark = step.ok ? colors.green(symbols.ok) : colors.red(symbols.no);
  const lines = [`${mark} ${step.step}. ${colors.bold(step.name)} ${colors.dim(`(${step.ms} ms)`)}`, indent(step.observed, 5)];
  if (step.detail !== undefined) lines.push(indent(colors.dim(step.detail), 5));
  if (step.diff !== undefined) lines.push(indent(diffText(step.diff, colors), 5));
  return `${lines.join('\n')}\n`;
}

function readyText(invocation: Invocation, env: Readonly<Record<string, string>>, tries: readonly string[]): string {
  const { colors } = invocation.terminal;
  const variables = Object.entries(env).map(([name, value]) => `  export ${name}=${shellWord(value)}`);
  return `\n${colors.bold('Ready.')} The sandbox as any client sees it:\n${variables.join('\n')}\n\nThree things to try:\n${tries.map((line) => `  $ ${line}`).join('\n')}\n`;
}
