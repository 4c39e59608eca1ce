import { Command } from 'commander';
import type { Admitted, Beyond } from '../../app/run-who-can.ts';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readInput, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { collected, contextOption, endpointOption, kubeconfigOption, outputOption, providerArnOption, regionOption } from '../options.ts';

interface WhoCanFlags {
  readonly policy?: string;
  readonly serviceAccounts?: string;
  readonly providerArn?: string;
  readonly audience?: readonly string[];
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: Format;
}

const EXAMPLES = `
With a role, its trust policy and the provider's client ids come from IAM, the service accounts and the issuer from the cluster.
With files, neither is asked. Besides whom it admits, the answer says whom the policy would admit that does not exist yet.
Exit: 0 somebody can, 1 nobody can, 2 usage, 3 AWS or the cluster could not be asked.

Examples:
  $ podrole who-can assume kf-user-demo
  $ kubectl get serviceaccounts -A -o json > accounts.json && podrole who-can assume --policy role.json --service-accounts accounts.json
  $ printf 'team-a:default-editor\\n' | podrole who-can assume --policy role.json --service-accounts - -o json`;

/** `podrole who-can assume`: the reverse question. */
export function whoCanCommand(invocation: Invocation): Command {
  const assume = new Command('assume')
    .description('list the service accounts that may assume a role')
    .argument('[role]', 'the name of a role or its ARN')
    .option('--policy <file>', 'a trust policy instead of a role; - is standard input')
    .option('--service-accounts <file>', "kubectl's list of service accounts, or namespace:name a line; - is standard input")
    .addOption(providerArnOption())
    .option('--audience <audience>', "a client id of the provider, repeatable; default sts.amazonaws.com, a role's from IAM", collected)
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action((role: string | undefined, flags: WhoCanFlags) => whoCanAssume(invocation, role, flags));
  return new Command('who-can').description('who may do what: the question from the other side').addCommand(assume);
}

interface Question {
  readonly from: string;
  readonly policy: string;
  readonly providerArn: string;
  readonly audiences: readonly string[];
  readonly serviceAccounts: readonly { readonly namespace: string; readonly name: string }[];
}

async function whoCanAssume(invocation: Invocation, role: string | undefined, flags: WhoCanFlags): Promise<void> {
  const { terminal } = invocation;
  if ((role === undefined) === (flags.policy === undefined)) throw new UsageError('give either a role or --policy with --service-accounts');
  const question = role === undefined ? await fromFiles(invocation, flags) : await fromRole(invocation, role, flags);
  const { whoCan } = await import('../../app/run-who-can.ts');
  const answer = whoCan(question.policy, question);
  if (!answer.ok) throw new UsageError(`${question.from} is not a trust policy`, [answer.problem]);
  const { admitted, beyond } = answer;
  const { from, providerArn, audiences, serviceAccounts } = question;
  if (flags.output === 'text') {
    for (const one of admitted) terminal.out(`${one.subject}${detail(one, audiences)}\n`);
    for (const one of beyond) terminal.err(`${terminal.symbols.note} ${beyondText(one)}\n`);
    terminal.err(`${admitted.length} of ${serviceAccounts.length} service accounts may assume ${from}\n`);
  } else {
    const document = { kind: 'AdmittedList', from, providerArn, audiences, asked: serviceAccounts.length, admitted, beyond };
    printDocument(terminal, document, flags.output);
  }
  if (admitted.length === 0) invocation.exitCode = EXIT.no;
}

async function fromFiles({ terminal }: Invocation, flags: WhoCanFlags): Promise<Question> {
  const { policy = '', serviceAccounts: file } = flags;
  if (file === undefined)
    throw new UsageError('--policy needs --service-accounts FILE', [], '`kubectl get serviceaccounts -A -o json` makes such a file');
  if (policy === '-' && file === '-') throw new UsageError('policy and service accounts cannot both come from standard input');
  const { readServiceAccounts } = await import('../../app/service-account-list.ts');
  const { chooseProvider } = await import('../../app/trust-provider.ts');
  const text = await readInput(terminal, policy);
  const read = readServiceAccounts(await readInput(terminal, file));
  if (!read.ok) throw new UsageError(`${file} is not a list of service accounts`, read.problems);
  const provider = chooseProvider(text, flags);
  if (!provider.ok) throw new UsageError('it is not clear which OIDC provider is meant', provider.problems);
  const audiences = flags.audience ?? ['sts.amazonaws.com'];
  return { from: policy, policy: text, providerArn: provider.providerArn, audiences, serviceAccounts: read.accounts };
}

async function fromRole({ terminal }: Invocation, role: string, flags: WhoCanFlags): Promise<Question> {
  if (flags.serviceAccounts !== undefined || flags.providerArn !== undefined)
    throw new UsageError('--service-accounts and --provider-arn go with --policy, for a role the cluster is asked');
  const { readRoleInCluster } = await import('../../app/run-who-can.ts');
  const { listServiceAccounts } = await import('../../app/service-account-list.ts');
  const { awsTarget } = await import('../../app/run-trust.ts');
  const { kubeconfig, context } = flags;
  const target = awsTarget({ region: flags.region, endpoint: flags.endpointUrl });
  const found = await readRoleInCluster({ role, target, kubeconfig, context, env: terminal.env }, terminal.signal);
  const { source, providerArn, clientIds, kube } = found;
  if (clientIds === undefined)
    terminal.err(
      `${terminal.symbols.note} ${providerArn} is not registered in the role's account, so STS refuses every token of this cluster\n`,
    );
  const serviceAccounts = await listServiceAccounts(kube, terminal.signal);
  return { from: source.from, policy: source.text, providerArn, audiences: flags.audience ?? clientIds ?? [], serviceAccounts };
}

function detail({ audiences, circumstances }: Admitted, asked: readonly string[]): string {
  const parts = [
    ...(audiences.length < asked.length ? [`with the audience ${audiences.join(' or ')}`] : []),
    ...(circumstances.length > 0 ? [`depending on ${circumstances.join(', ')}`] : []),
  ];
  return parts.length === 0 ? '' : `  (${parts.join('; ')})`;
}

function beyondText(beyond: Beyond): string {
  const statement = `statement ${beyond.statement + 1}`;
  switch (beyond.kind) {
    case 'everyone':
      return `${statement} lets every service account of the cluster in, those to come too`;
    case 'pattern':
      return `${statement} lets in whatever matches ${beyond.pattern}: ${beyond.reach === 'namespaces' ? 'across namespaces' : 'service accounts of one namespace'}, those to come too`;
    case 'absent':
      return `${statement} names ${beyond.subject}, which does not exist: whoever creates it gets the role`;
  }
}
