import { type Command, Option } from 'commander';
import type { Asked } from '../../../app/run-setup.ts';
import type { Format } from '../../document.ts';
import { readInput, UsageError } from '../../failure.ts';
import type { Invocation } from '../../invocation.ts';
import { contextOption, endpointOption, kubeconfigOption, outputOption, regionOption, trustPolicyQuota } from '../../options.ts';

/** Flags that every verb of setup takes. */
export interface SetupFlags {
  readonly file?: string;
  readonly cluster?: string;
  readonly region?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
  readonly layout: 'seed' | 'least-privilege';
  readonly roleNames: string;
  readonly loadBalancerController?: 'v1' | 'v2';
  readonly withFsx?: boolean;
  readonly withPipelines?: string;
  readonly selfManaged?: boolean;
  readonly thumbprint?: readonly string[];
  readonly trustPolicyQuota: number | 'off';
  readonly adopt?: boolean;
  readonly replaceIssuer?: boolean;
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** What is asked for: the file, and what shall be named how. */
export function askOptions(command: Command): Command {
  return command
    .option('-f, --file <file>', 'KfDef with a KfAwsPlugin; - reads standard input')
    .option('--cluster <name>', "name of the EKS cluster; absent: the file's metadata.name")
    .addOption(regionOption())
    .addOption(
      new Option('--layout <layout>', 'one role for the whole control plane, or one per component')
        .choices(['seed', 'least-privilege'])
        .default('seed'),
    )
    .option(
      '--role-names <pattern>',
      'kfctl-1.0 (kf-{role}-{cluster}), kfctl-1.1 (kf-{role}-{region}-{cluster}) or a template of these words',
      'kfctl-1.0',
    )
    .addOption(
      new Option(
        '--load-balancer-controller <generation>',
        'v1: kubeflow/alb-ingress-controller, v2: kube-system/aws-load-balancer-controller; absent: v1 in the seed layout, else v2',
      ).choices(['v1', 'v2']),
    )
    .option('--with-fsx', 'a role for the FSx for Lustre CSI driver')
    .option('--with-pipelines <bucket>', 'let Kubeflow Pipelines use one S3 bucket')
    .option('--self-managed', 'the cluster is not an EKS cluster: its issuer is what its API server says')
    .option('--thumbprint <sha1>', 'thumbprint of a private CA of the issuer; may be repeated', collect)
    .addOption(
      new Option('--trust-policy-quota <characters>', "the account's quota of a trust policy, or off")
        .default(2048)
        .argParser(trustPolicyQuota),
    )
    .addOption(outputOption());
}

/** Where the cluster and AWS are. */
export function accessOptions(command: Command): Command {
  return command.addOption(kubeconfigOption()).addOption(contextOption()).addOption(endpointOption());
}

/** Consents to what touches the work of others. */
export function consentOptions(command: Command): Command {
  return command
    .option('--adopt', 'take over roles, providers and annotations that somebody else made; they are never deleted')
    .option('--replace-issuer', 'withdraw what the control plane’s roles grant to another issuer');
}

/** What the flags and the file ask for. Throws `UsageError` with every problem of both. */
export async function readAsk(invocation: Invocation, flags: SetupFlags): Promise<Required<Asked>> {
  const { terminal } = invocation;
  const { readKfDef, setupOptions } = await import('../../../app/run-setup.ts');
  const { options, problems } = setupOptions({
    layout: flags.layout,
    roleNames: flags.roleNames,
    loadBalancerController: flags.loadBalancerController ?? (flags.layout === 'seed' ? 'v1' : 'v2'),
    fsx: flags.withFsx === true,
    pipelinesBucket: flags.withPipelines,
    adopt: flags.adopt === true,
    replaceIssuer: flags.replaceIssuer === true,
    selfManaged: flags.selfManaged === true,
    thumbprints: flags.thumbprint ?? [],
    trustPolicyQuota: flags.trustPolicyQuota,
  });
  const { file } = flags;
  if (file === undefined) throw new UsageError('no file is given', problems, 'add -f kfctl_aws.yaml');
  const read = readKfDef(await readInput(terminal, file), { cluster: flags.cluster });
  if (!read.ok) {
    const located = read.problems.map((problem) => ({ ...problem, path: `${file}:${problem.path}` }));
    throw new UsageError(`${file} is not a setup`, [...located, ...problems]);
  }
  if (problems.length > 0) throw new UsageError('the options are not valid', problems);
  return { request: read.request, region: flags.region ?? read.request.region ?? terminal.env.AWS_REGION, options };
}
