import { Command, Option } from 'commander';
import { decidingFlags } from '../../app/explain-pod/explain-flags.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { collected, contextOption, endpointOption, kubeconfigOption, outputOption, providerArnOption, regionOption } from '../options.ts';
import { type ExplainPodFlags, explainPod } from './explain-pod.ts';
import { type ExplainPolicyFlags, explainPolicy } from './explain-policy.ts';

const EXAMPLES = `
A pod is judged by the webhook's own decision: what it would get at admission and why, what a running pod has instead, and whether the
API server calls a webhook for it. With -f no cluster is asked where the files hold the service accounts. The webhook's flags are
those of the workload behind its Service in the cluster, as far as they are not given; without a cluster, or on EKS, the defaults.
A pod's exit: 0 it gets what it should, 1 a finding of --fail-on or graver, 2 usage, 3 the cluster could not be asked.

With --policy and a token or claims, a trust policy is judged. The token is decoded and not verified, and it is never printed.
Exit: 0 allowed, 1 denied, 2 usage.

Examples:
  $ podrole explain pod/web-0 -n team-a
  $ podrole explain -f deployment.yaml --service-account sa.yaml -o json | jq '.pods[].findings[].code'
  $ kubectl get pods -A -o json | podrole explain -f -
  $ podrole explain deployment/web -n team-a --check-role --aws-default-region us-west-2
  $ podrole explain --policy role.json --token /var/run/secrets/eks.amazonaws.com/serviceaccount/token
  $ kubectl create token default-editor -n team-a --audience sts.amazonaws.com | podrole explain --policy kf-user-demo --token -
  $ podrole explain --policy role.json --claims claims.json -o json | jq .judgements[].sentences`;

type ExplainFlags = ExplainPodFlags & ExplainPolicyFlags;

/** `podrole explain`: what becomes of a pod and why; why a trust policy lets a token in, or does not. */
export function explainCommand(invocation: Invocation): Command {
  const command = new Command('explain')
    .description('say what becomes of a pod at admission, or why a trust policy lets a token in, and what to change')
    .argument('[target]', 'pod/NAME, or a workload such as deployment/NAME: of the cluster')
    .argument('[name]', 'the name, where the target is a kind alone: pod NAME')
    .option('-f, --filename <file>', 'a manifest, list, stream of documents or AdmissionReview; - is standard input; repeatable', collected)
    .option('-n, --namespace <namespace>', "the pod's namespace; absent: the manifest's, then the context's, then default")
    .option('--service-account <file>', 'with -f: the service account, and whatever else the pod file lacks; repeatable', collected)
    .option('--check-role', 'ask IAM whether the role lets the service account in')
    .addOption(
      new Option('--fail-on <severity>', 'from which findings on the exit is 1').choices(['error', 'warning', 'info']).default('error'),
    )
    .addOption(contextOption())
    .addOption(kubeconfigOption())
    .option('--policy <file>', "a role's trust policy: a file, -, the name of a role or its ARN")
    .option('--claims <file>', 'the claims of a token as JSON; - is standard input')
    .option('--token <file>', 'a token; - is standard input')
    .addOption(providerArnOption())
    .option('--role-arn <arn>', "the role that has the policy; absent: the policy's source, else unknown")
    .option('--session-name <name>', 'the RoleSessionName that the caller chooses', 'podrole')
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(outputOption());
  const heading = 'How the webhook runs, where the cluster does not tell:';
  command.addOption(
    new Option('--webhook-namespace <namespace>', 'its --namespace, where the mapping ConfigMap is; absent: eks').helpGroup(heading),
  );
  for (const { name, type, doc } of decidingFlags)
    command.addOption(new Option(type === 'bool' ? `--${name}` : `--${name} <${type}>`, doc).helpGroup(heading));
  return command
    .addHelpText('after', EXAMPLES)
    .action((target: string | undefined, name: string | undefined, flags: ExplainFlags) =>
      explain(invocation, name === undefined ? target : `${target}/${name}`, flags),
    );
}

function explain(invocation: Invocation, target: string | undefined, flags: ExplainFlags): Promise<void> {
  const { policy, filename, token, claims } = flags;
  if (target === undefined && filename === undefined) {
    if (policy !== undefined) return explainPolicy(invocation, policy, flags);
    throw new UsageError(
      'there is nothing to explain',
      [{ path: '', message: 'give pod/NAME, -f FILE, or --policy' }],
      'podrole explain --help',
    );
  }
  if (target !== undefined && filename !== undefined) throw new UsageError('give either a pod of the cluster or -f');
  if (token !== undefined || claims !== undefined) throw new UsageError('--token and --claims go with --policy alone, a pod has its own');
  return explainPod(invocation, target, flags);
}
