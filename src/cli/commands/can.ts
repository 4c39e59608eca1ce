import { Command } from 'commander';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readInput, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { contextOption, endpointOption, kubeconfigOption, outputOption, providerArnOption, regionOption } from '../options.ts';

interface CanFlags {
  readonly policy?: string;
  readonly providerArn?: string;
  readonly audience: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: Format;
}

const EXAMPLES = `
With a role, its trust policy comes from IAM and the issuer from the cluster; with --policy neither is asked. Exit: 0 it can, 1 it cannot.

Examples:
  $ podrole can sa/team-a:default-editor assume kf-user-demo
  $ podrole can sa/team-a:default-editor assume --policy role.json`;

/** `podrole can sa/NS:NAME assume ROLE`. */
export function canCommand(invocation: Invocation): Command {
  return new Command('can')
    .description('say whether a service account may assume a role, and why')
    .argument('<service-account>', 'sa/namespace:name')
    .argument('<verb>', 'assume')
    .argument('[role]', 'the name of a role or its ARN')
    .option('--policy <file>', 'a trust policy instead of a role; - is standard input')
    .addOption(providerArnOption())
    .option('--audience <audience>', 'what its token carries as aud', 'sts.amazonaws.com')
    .addOption(regionOption())
    .addOption(endpointOption())
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .addHelpText('after', EXAMPLES)
    .action((account: string, verb: string, role: string | undefined, flags: CanFlags) => can(invocation, { account, verb, role }, flags));
}

interface Words {
  readonly account: string;
  readonly verb: string;
  readonly role: string | undefined;
}

interface Subject {
  readonly namespace: string;
  readonly name: string;
}

interface Facts {
  readonly from: string;
  readonly policy: string;
  readonly providerArn: string;
  readonly issuer: string;
  readonly roleArn?: string;
  /** Why STS would refuse before it looks at the policy. */
  readonly obstacles: readonly string[];
}

async function can(invocation: Invocation, words: Words, flags: CanFlags): Promise<void> {
  const { terminal } = invocation;
  const { parseServiceAccount } = await import('../../app/service-account-list.ts');
  const account = parseServiceAccount(words.account);
  const problems = [
    ...(account === undefined ? [{ path: words.account, message: 'must be sa/namespace:name' }] : []),
    ...(words.verb === 'assume' ? [] : [{ path: words.verb, message: 'must be assume, the only verb there is' }]),
    ...((words.role === undefined) === (flags.policy === undefined) ? [{ path: '', message: 'give either a role or --policy' }] : []),
  ];
  if (account === undefined || problems.length > 0) throw new UsageError('the question is not clear', problems);
  const facts = words.role === undefined ? await fromFile(invocation, flags) : await fromRole(invocation, words.role, { flags, account });
  const { explainClaims } = await import('../../app/run-explain.ts');
  const explained = explainClaims({
    policy: facts.policy,
    claims: { iss: facts.issuer, sub: `system:serviceaccount:${account.namespace}:${account.name}`, aud: flags.audience },
    providerArn: facts.providerArn,
    roleArn: facts.roleArn,
    sessionName: 'podrole',
  });
  if (!explained.ok) throw new UsageError('the question is not complete', explained.problems);
  const verdict = facts.obstacles.length > 0 ? 'deny' : explained.verdict;
  const sentences = [...facts.obstacles, ...explained.judgements.flatMap((judgement) => judgement.sentences)];
  if (flags.output === 'text') {
    const { colors, symbols } = terminal;
    const [answer = '', ...rest] = sentences;
    terminal.out(`${verdict === 'allow' ? colors.green(`${symbols.ok} yes`) : colors.red(`${symbols.no} no`)}: ${answer}\n`);
    for (const sentence of rest) terminal.out(`  ${sentence}\n`);
  } else {
    const { providerArn, roleArn, judgements } = explained;
    printDocument(
      terminal,
      { kind: 'Explanation', policy: facts.from, verdict, providerArn, roleArn, sentences, judgements },
      flags.output,
    );
  }
  if (verdict === 'deny') invocation.exitCode = EXIT.no;
}

async function fromFile({ terminal }: Invocation, flags: CanFlags): Promise<Facts> {
  const { chooseProvider } = await import('../../app/trust-provider.ts');
  const { policy: from = '' } = flags;
  const policy = await readInput(terminal, from);
  const provider = chooseProvider(policy, flags);
  if (!provider.ok) throw new UsageError('it is not clear which OIDC provider is meant', provider.problems);
  return { from, policy, providerArn: provider.providerArn, issuer: provider.issuer, obstacles: [] };
}

async function fromRole(
  { terminal }: Invocation,
  role: string,
  asked: { readonly flags: CanFlags; readonly account: Subject },
): Promise<Facts> {
  const { flags, account } = asked;
  if (flags.providerArn !== undefined) throw new UsageError("--provider-arn goes with --policy, for a role the cluster's own is meant");
  const { readRoleInCluster, serviceAccountExists } = await import('../../app/run-who-can.ts');
  const { awsTarget } = await import('../../app/run-trust.ts');
  const { kubeconfig, context } = flags;
  const target = awsTarget({ region: flags.region, endpoint: flags.endpointUrl });
  const found = await readRoleInCluster({ role, target, kubeconfig, context, env: terminal.env }, terminal.signal);
  const { source, providerArn, clientIds, kube, issuer } = found;
  if (!(await serviceAccountExists(kube, account, terminal.signal)))
    terminal.err(`${terminal.symbols.note} service account ${account.namespace}:${account.name} does not exist in the cluster\n`);
  const obstacles =
    clientIds === undefined
      ? [`denied: ${providerArn} is not registered in the role's account, so STS refuses every token of this cluster`]
      : clientIds.includes(flags.audience)
        ? []
        : [`denied: ${flags.audience} is not among the provider's client ids (${clientIds.join(', ') || 'none'})`];
  return { from: source.from, policy: source.text, providerArn, issuer, roleArn: source.from, obstacles };
}
