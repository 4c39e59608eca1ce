import { Command, Option } from 'commander';
import { printDocument } from '../document.ts';
import type { Invocation } from '../invocation.ts';
import { contextOption, endpointOption, kubeconfigOption, regionOption, wholeNumber } from '../options.ts';

interface CredentialsFlags {
  readonly format: 'process' | 'env' | 'json';
  readonly role?: string;
  readonly tokenFile?: string;
  readonly audience?: string;
  readonly sessionName?: string;
  readonly duration?: number;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly wait?: number;
  readonly cache: boolean;
}

const EXAMPLES = `
Without an argument the identity is this process's own: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or the EKS Pod Identity
agent. With one it is that of a service account or pod of the cluster, whose token is requested, exchanged and forgotten.
Processes of one user share what they get through files that nobody else can read, below the user's cache folder.

Examples:
  $ podrole credentials                                            for credential_process in a pod's ~/.aws/config
  $ eval "$(podrole credentials sa/team-a:default-editor --format env)"
  $ podrole credentials --format json --no-cache | jq -r .expiration

In ~/.aws/config:
  [profile team-a]
  credential_process = podrole credentials sa/team-a:default-editor --context staging`;

/** `podrole credentials`. */
export function credentialsCommand(invocation: Invocation): Command {
  return new Command('credentials')
    .description('print temporary AWS credentials of a service account, as credential_process')
    .argument('[identity]', 'sa/NAMESPACE:NAME or pod/NAMESPACE:NAME; absent: this process itself')
    .addOption(
      new Option('--format <format>', 'process: for credential_process; env: for a shell; json')
        .choices(['process', 'env', 'json'])
        .default('process'),
    )
    .option('--role <arn>', 'role to assume; absent: AWS_ROLE_ARN, or what the service account or pod says')
    .option('--token-file <file>', 'token to exchange; absent: AWS_WEB_IDENTITY_TOKEN_FILE')
    .option('--audience <audience>', 'audience that the token must have; with an identity: that it is requested with')
    .option('--session-name <name>', 'name of the session; absent: AWS_ROLE_SESSION_NAME, then the name in the token')
    .option('--duration <seconds>', "life of the credentials; absent: AWS's, 3600", wholeNumber(900, 43_200))
    .option('--wait <seconds>', 'how long AccessDenied is asked again, while a new role takes effect', wholeNumber(1, 300))
    .option('--no-cache', 'keep nothing, and read nothing that was kept')
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .addOption(regionOption())
    .addOption(endpointOption())
    .addHelpText('after', EXAMPLES)
    .action(async (who: string | undefined, flags: CredentialsFlags) => {
      const { terminal } = invocation;
      const { parseIdentity } = await import('../../app/exec/identity-argument.ts');
      const identity = who === undefined ? undefined : parseIdentity(who);
      const { render, runCredentials } = await import('../../app/run-credentials.ts');
      const given = {
        roleArn: flags.role,
        tokenFile: flags.tokenFile,
        audience: flags.audience,
        sessionName: flags.sessionName,
        durationSeconds: flags.duration,
        region: flags.region,
        endpoint: flags.endpointUrl,
        waitForPropagation: flags.wait === undefined ? undefined : flags.wait * 1_000,
      };
      const account = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const issued = await runCredentials(
        {
          identity,
          account: { ...account, strict: true },
          cluster: { kubeconfig: flags.kubeconfig, context: flags.context, env: terminal.env },
          cache: flags.cache,
        },
        terminal.signal,
      );
      if (flags.format === 'json') printDocument(terminal, { kind: 'Credentials', ...issued.credentials, from: issued.from }, 'json');
      else terminal.out(render(issued, flags.format));
    });
}
