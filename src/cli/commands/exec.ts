import { Command } from 'commander';
import type { Invocation } from '../invocation.ts';
import { contextOption, endpointOption, kubeconfigOption, regionOption, wholeNumber } from '../options.ts';

interface ExecFlags {
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly role?: string;
  readonly audience?: string;
  readonly duration?: number;
  readonly container?: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly verbose?: boolean;
}

const EXAMPLES = `
The command gets your environment without any AWS credentials in it, and the role, a short-lived token and the region of the
service account instead. The token is renewed while the command runs and is gone when it ends. Exit code: the command's own;
128 + n when signal n ended it; 126 or 127 when it could not be run; 2 or 3 when there was no identity to give it.

Examples:
  $ podrole exec sa/team-a:default-editor -- aws s3 ls
  $ podrole exec sa/team-a:default-editor --context staging --role arn:aws:iam::111122223333:role/try -- node app.js
  $ podrole exec pod/team-a:web -- aws sts get-caller-identity     with that pod's own audience, region and session`;

/** What a shell answers for a command that cannot be run (POSIX, 2.8.2). */
const NOT_RUN: Readonly<Record<string, number>> = { 'command-not-found': 127, 'command-not-executable': 126 };

/** `podrole exec`. */
export function execCommand(invocation: Invocation): Command {
  return new Command('exec')
    .description('run a local command with the AWS identity of a service account or pod')
    .argument('<identity>', 'sa/NAMESPACE:NAME or pod/NAMESPACE:NAME')
    .argument('<command...>', 'after --, the command and its arguments')
    .option('--role <arn>', "role to assume; absent: the service account's annotation, or the pod's variable")
    .option('--audience <audience>', "the token's audience; absent: the annotation's, the pod's, or sts.amazonaws.com")
    .option('--duration <seconds>', "the token's life in seconds; absent: 600, or the pod's", wholeNumber(600, 86_400))
    .option('--container <name>', 'of a pod: the container whose environment counts')
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(regionOption())
    .addOption(endpointOption())
    .option('-v, --verbose', 'tell role, account and audience on stderr')
    .addHelpText('after', EXAMPLES)
    .action(async (who: string, words: readonly string[], flags: ExecFlags) => {
      const { terminal } = invocation;
      const { parseIdentity } = await import('../../app/exec/identity-argument.ts');
      const identity = parseIdentity(who);
      const { runExec } = await import('../../app/exec/run-exec.ts');
      const [program = '', ...args] = words;
      try {
        invocation.exitCode = await runExec(
          {
            identity,
            command: [program, ...args],
            roleArn: flags.role,
            audience: flags.audience,
            durationSeconds: flags.duration,
            container: flags.container,
            region: flags.region,
            endpoint: flags.endpointUrl,
            cluster: { kubeconfig: flags.kubeconfig, context: flags.context, env: terminal.env },
            terminal: terminal.interactive,
            takeSignals: terminal.takeSignals,
            onNote: (note) => terminal.err(`podrole: ${note}\n`),
            onReady: ({ serviceAccount, roleArn, token }) => {
              if (flags.verbose === true)
                terminal.err(
                  `podrole: as ${serviceAccount.namespace}:${serviceAccount.name}, role ${roleArn}, audience ${token.audiences.join(' ')}\n`,
                );
            },
          },
          terminal.signal,
        );
      } catch (error) {
        const code = NOT_RUN[(error as { readonly code?: string }).code ?? ''];
        if (code === undefined) throw error;
        terminal.err(`podrole: ${(error as Error).message}\n`);
        invocation.exitCode = code;
      }
    });
}
