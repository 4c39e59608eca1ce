import { Command } from 'commander';
import type { SetupPlan } from '../../app/run-setup.ts';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { contextOption, endpointOption, kubeconfigOption, outputOption, regionOption } from '../options.ts';
import { diffText, indent } from '../text.ts';

interface SetupFlags {
  readonly file: string;
  readonly cluster?: string;
  readonly region?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
  readonly yes?: boolean;
  readonly exitCode?: boolean;
}

/** `podrole setup plan|apply`: what kfctl's AWS plugin did, as a plan. */
export function setupCommand(invocation: Invocation): Command {
  const shared = (command: Command): Command =>
    command
      .requiredOption('-f, --file <file>', 'KfDef with a KfAwsPlugin; - reads standard input')
      .option('--cluster <name>', "name of the EKS cluster; absent: the file's metadata.name")
      .addOption(regionOption())
      .addOption(kubeconfigOption())
      .addOption(contextOption())
      .addOption(endpointOption())
      .addOption(outputOption());
  const plan = shared(new Command('plan').description('show what a setup would create, change and keep'))
    .option('--exit-code', 'exit 1 when something would be written')
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole setup plan -f kfctl_aws.yaml\n  $ podrole setup plan -f kfctl_aws.yaml -o json | jq .items',
    )
    .action(async (flags: SetupFlags) => {
      const prepared = await prepare(invocation, flags);
      if (prepared === undefined) return;
      print(invocation, prepared, flags.output);
      const { create, change, conflict } = prepared.summary;
      if (conflict > 0 || (flags.exitCode === true && create + change > 0)) invocation.exitCode = EXIT.no;
    });
  const apply = shared(new Command('apply').description('carry out the plan; what is done stays done, running it again goes on'))
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole setup apply -f kfctl_aws.yaml --yes\n  $ podrole setup apply -f kfctl_aws.yaml --endpoint-url http://127.0.0.1:4566 --kubeconfig ./kubeconfig --yes',
    )
    .action(async (flags: SetupFlags) => {
      const { terminal } = invocation;
      if (flags.yes !== true)
        throw new UsageError('apply changes AWS and the cluster and was not told to', [], 'read `podrole setup plan` and add --yes');
      const prepared = await prepare(invocation, flags);
      if (prepared === undefined) return;
      if (flags.output === 'text') print(invocation, prepared, 'text');
      await prepared.apply((item, ok) => {
        const mark = ok ? terminal.colors.green(terminal.symbols.ok) : terminal.colors.red(terminal.symbols.no);
        terminal.err(`${mark} ${item.object}\n`);
      }, terminal.signal);
      if (flags.output !== 'text') printDocument(terminal, { kind: 'Plan', applied: true, ...publicPlan(prepared) }, flags.output);
      terminal.err(`next: podrole setup plan -f ${flags.file} --exit-code\n`);
    });
  return new Command('setup')
    .description("a cluster's OIDC provider, roles and service accounts, from a KfDef's AWS plugin")
    .addCommand(plan)
    .addCommand(apply);
}

/** The plan, or `undefined` when the file asks for nothing (said so). */
async function prepare(invocation: Invocation, flags: SetupFlags): Promise<SetupPlan | undefined> {
  const { terminal } = invocation;
  const { prepareSetup, readKfDef } = await import('../../app/run-setup.ts');
  const text = await terminal.readText(flags.file).catch((cause: Error) => {
    throw new UsageError(`${flags.file} cannot be read: ${cause.message}`);
  });
  const read = readKfDef(text, { cluster: flags.cluster });
  if (!read.ok)
    throw new UsageError(
      `${flags.file} is not a setup`,
      read.problems.map((problem) => ({ ...problem, path: `${flags.file}:${problem.path}` })),
    );
  for (const block of read.request.outside) terminal.err(`${terminal.symbols.note} ${block}\n`);
  if (!read.request.enablePodIamPolicy) {
    terminal.err('enablePodIamPolicy is not true: nothing to do\n');
    if (flags.output !== 'text') printDocument(terminal, { kind: 'Plan', cluster: read.request.cluster, items: [] }, flags.output);
    return undefined;
  }
  return prepareSetup(
    {
      request: read.request,
      region: flags.region ?? read.request.region,
      endpoint: flags.endpointUrl,
      kubeconfig: flags.kubeconfig,
      context: flags.context,
      env: terminal.env,
    },
    terminal.signal,
  );
}

function publicPlan(plan: SetupPlan): Readonly<Record<string, unknown>> {
  return { cluster: plan.plan.cluster, site: plan.plan.site, items: plan.plan.items, summary: plan.summary };
}

const SIGN = { create: '+', change: '~', keep: '=', conflict: '!' } as const;

function print(invocation: Invocation, plan: SetupPlan, format: Format): void {
  const { terminal } = invocation;
  if (format !== 'text') {
    printDocument(terminal, { kind: 'Plan', ...publicPlan(plan) }, format);
    return;
  }
  const { colors } = terminal;
  const { site, cluster, items } = plan.plan;
  terminal.out(`cluster ${colors.bold(cluster)} · account ${site.account} · region ${site.region} · issuer ${site.issuer}\n`);
  const paint = { create: colors.green, change: colors.yellow, keep: colors.dim, conflict: colors.red } as const;
  for (const item of items) {
    terminal.out(`${paint[item.verb](`${SIGN[item.verb]} ${item.verb.padEnd(8)} ${item.object}`)}  ${colors.dim(item.reason)}\n`);
    if (item.verb === 'change' && item.before !== undefined && item.after !== undefined) {
      terminal.out(`${indent(diffText({ before: pretty(item.before), after: pretty(item.after) }, colors), 4)}\n`);
    }
  }
  const { create, change, keep, conflict } = plan.summary;
  terminal.out(`\n${create} to create, ${change} to change, ${keep} kept, ${conflict} in conflict\n`);
}

const pretty = (json: string): string => {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
};
