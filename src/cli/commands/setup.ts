import { Command, Option } from 'commander';
import type { Asked, Prepared } from '../../app/run-setup.ts';
import { printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readInput, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { matching } from '../options.ts';
import { carryOut, planStale } from './setup/carry-out.ts';
import { accessOptions, askOptions, consentOptions, readAsk, type SetupFlags } from './setup/flags.ts';
import { planDocument, printPlan } from './setup/print.ts';
import { printStatus } from './setup/status.ts';

/** `podrole setup plan|apply|status|destroy|permissions`: what kfctl's AWS plugin did, as a plan. */
export function setupCommand(invocation: Invocation): Command {
  return new Command('setup')
    .description("a cluster's OIDC provider, roles and service accounts, from a KfDef's AWS plugin")
    .addCommand(planCommand(invocation))
    .addCommand(applyCommand(invocation))
    .addCommand(statusCommand(invocation))
    .addCommand(destroyCommand(invocation))
    .addCommand(permissionsCommand(invocation));
}

const shared = (command: Command): Command => accessOptions(askOptions(command));

function planCommand(invocation: Invocation): Command {
  return consentOptions(shared(new Command('plan').description('show what a setup would create, change and keep')))
    .option('--exit-code', 'exit 1 when something would be written')
    .option('--save <file>', 'write the plan to a file for `setup apply --plan`')
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole setup plan -f kfctl_aws.yaml\n  $ podrole setup plan -f kfctl_aws.yaml -o json | jq .items\n  $ podrole setup plan -f kfctl_aws.yaml --save plan.json && podrole setup apply --plan plan.json',
    )
    .action(async (flags: SetupFlags & { readonly exitCode?: boolean; readonly save?: string }) => {
      const { terminal } = invocation;
      const asked = await ask(invocation, flags);
      if (asked === undefined) return;
      const prepared = await plan(invocation, { asked, flags });
      if (flags.output === 'text') printPlan(terminal, prepared);
      else printDocument(terminal, { kind: 'Plan', ...planDocument(prepared) }, flags.output);
      if (flags.save !== undefined) {
        const { savePlan } = await import('../../app/setup/saved-plan.ts');
        await savePlan(flags.save, { asked, prepared });
        terminal.err(`next: podrole setup apply --plan ${flags.save}\n`);
      }
      const { create, change, delete: gone, conflict } = prepared.summary;
      if (conflict > 0 || (flags.exitCode === true && create + change + gone > 0)) invocation.exitCode = EXIT.no;
    });
}

function applyCommand(invocation: Invocation): Command {
  return consentOptions(shared(new Command('apply').description('carry out the plan; what is done stays done, running it again goes on')))
    .option('--yes', 'do not ask')
    .option('--plan <file>', 'carry out a saved plan, and refuse if what it was made from has changed')
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole setup apply -f kfctl_aws.yaml\n  $ podrole setup apply --plan plan.json\n  $ podrole setup apply -f kfctl_aws.yaml --endpoint-url http://127.0.0.1:4566 --kubeconfig ./kubeconfig --yes',
    )
    .action(async (flags: SetupFlags & { readonly yes?: boolean; readonly plan?: string }) => {
      const { terminal } = invocation;
      const saved = flags.plan === undefined ? undefined : await readSaved(invocation, flags.plan);
      if (saved !== undefined && flags.file !== undefined) throw new UsageError('a saved plan holds its file: give either -f or --plan');
      const asked = saved?.ask ?? (await ask(invocation, flags));
      if (asked === undefined) return;
      const prepared = await plan(invocation, { asked, flags });
      if (saved !== undefined && saved.digest !== prepared.digest) throw planStale('plan again with --save, and read it');
      if (flags.output === 'text') printPlan(terminal, prepared);
      const source = flags.plan === undefined ? `-f ${flags.file}` : `--plan ${flags.plan}`;
      const done = await carryOut(invocation, {
        prepared,
        again: () => plan(invocation, { asked, flags }),
        yes: flags.yes === true || saved !== undefined,
        question: `Apply this to cluster ${prepared.cluster} in account ${prepared.site.account}?`,
        resume: `podrole setup apply ${flags.plan === undefined ? source : '-f FILE'}`,
      });
      if (flags.output !== 'text') printDocument(terminal, { kind: 'Plan', applied: done, ...planDocument(prepared) }, flags.output);
      if (!done) invocation.exitCode = EXIT.no;
      else terminal.err(`next: podrole setup status ${flags.plan === undefined ? source : '-f FILE'}\n`);
    });
}

function statusCommand(invocation: Invocation): Command {
  return shared(new Command('status').description('what exists, what has drifted, who made it, and how the trust policies stand'))
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole setup status -f kfctl_aws.yaml\n  $ podrole setup status -f kfctl_aws.yaml -o json | jq .trust',
    )
    .action(async (flags: SetupFlags) => {
      const { terminal } = invocation;
      const asked = await ask(invocation, flags);
      if (asked === undefined) return;
      const { statusWith } = await import('../../app/run-setup.ts');
      const status = await statusWith(asked, await connect(invocation, { asked, flags }), terminal.signal);
      if (flags.output === 'text') printStatus(terminal, status);
      else printDocument(terminal, { kind: 'SetupStatus', ...status }, flags.output);
      if (!status.ok) invocation.exitCode = EXIT.no;
    });
}

interface DestroyFlags extends SetupFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly deleteProfiles?: boolean;
  readonly detachPolicies?: boolean;
  readonly retain?: readonly string[];
  readonly clusterGone?: boolean;
  readonly issuer?: string;
}

function destroyCommand(invocation: Invocation): Command {
  return shared(new Command('destroy').description('take down what setup made for the cluster, and nothing else'))
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would go')
    .option('--delete-profiles', 'delete the Profiles that name a role first, and their namespaces with them')
    .option('--detach-policies', 'take off the roles what their users attached')
    .option(
      '--retain <object>',
      'leave an object, named as in the plan; may be repeated',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--cluster-gone', 'the cluster has been deleted: take down what is left in AWS, and ask no API server')
    .option('--issuer <url>', 'with --cluster-gone: the issuer it had; absent: the one that the roles left over name')
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole setup destroy -f kfctl_aws.yaml --dry-run\n  $ podrole setup destroy -f kfctl_aws.yaml --cluster-gone --yes\n  $ podrole setup destroy -f kfctl_aws.yaml --retain role/kf-user-demo --yes',
    )
    .action(async (flags: DestroyFlags) => {
      const { terminal } = invocation;
      // What was made stays made when the file switches it off: it is taken down all the same.
      const asked = await readAsk(invocation, flags);
      const consent = {
        deleteProfiles: flags.deleteProfiles === true,
        detachPolicies: flags.detachPolicies === true,
        retain: flags.retain ?? [],
      };
      const prepared = await removal(invocation, { asked, flags }, consent);
      if (flags.output === 'text') printPlan(terminal, prepared);
      const done =
        flags.dryRun !== true &&
        (await carryOut(invocation, {
          prepared,
          again: () => removal(invocation, { asked, flags }, consent),
          yes: flags.yes === true,
          question: `Take this down in account ${prepared.site.account}?`,
          resume: `podrole setup destroy -f ${flags.file}`,
        }));
      if (flags.output !== 'text') printDocument(terminal, { kind: 'Plan', applied: done, ...planDocument(prepared) }, flags.output);
      if (prepared.summary.conflict > 0 || (!done && flags.dryRun !== true)) invocation.exitCode = EXIT.no;
      if (done) terminal.err(`next: podrole setup destroy -f ${flags.file} --dry-run\n`);
    });
}

async function removal(
  invocation: Invocation,
  { asked, flags }: Target & { readonly flags: DestroyFlags },
  consent: Parameters<typeof import('../../app/run-setup.ts').destroyWith>[2],
): Promise<Prepared> {
  const { signal } = invocation.terminal;
  const { connectAws, destroyGoneWith, destroyWith } = await import('../../app/run-setup.ts');
  const { clusterGone, issuer } = flags;
  if (clusterGone === true)
    return destroyGoneWith(asked, connectAws({ region: asked.region, endpoint: flags.endpointUrl }), { consent, issuer }, signal);
  if (issuer !== undefined) throw new UsageError('--issuer goes with --cluster-gone: a living cluster tells its own');
  return destroyWith(asked, await connect(invocation, { asked, flags }), consent, signal);
}

interface PermissionsFlags extends SetupFlags {
  readonly for: string;
  readonly account?: string;
  readonly issuer?: string;
}

const VERBS = { plan: ['plan'], apply: ['apply'], status: ['status'], destroy: ['destroy'], all: ['apply', 'status', 'destroy'] } as const;

function permissionsCommand(invocation: Invocation): Command {
  return askOptions(new Command('permissions').description('the least IAM policy that setup itself needs for a file'))
    .addOption(new Option('--for <verb>', 'what shall be permitted').choices(Object.keys(VERBS)).default('apply'))
    .addOption(new Option('--account <id>', 'account; absent: any').argParser(matching(/^\d{12}$/, 'an account of twelve digits')))
    .option('--issuer <url>', "the cluster's issuer; absent: any of the region's EKS clusters, or any for a self-managed one")
    .addHelpText(
      'after',
      '\nExamples:\n  $ podrole setup permissions -f kfctl_aws.yaml > policy.json\n  $ podrole setup permissions -f kfctl_aws.yaml --for all --account 111122223333',
    )
    .action(async (flags: PermissionsFlags) => {
      const { terminal } = invocation;
      const asked = await ask(invocation, flags);
      if (asked === undefined) return;
      const { permissionsFor } = await import('../../app/setup/setup-permissions.ts');
      const verbs = VERBS[flags.for as keyof typeof VERBS];
      const policy = permissionsFor(asked, { account: flags.account, issuer: flags.issuer, verbs });
      if (policy === undefined) throw new UsageError('no region is known', [], 'give --region REGION, or set region in the plugin');
      if (flags.output === 'text') terminal.out(`${policy}\n`);
      else printDocument(terminal, { kind: 'Permissions', verbs, policy: JSON.parse(policy) as unknown }, flags.output);
    });
}

/** What is asked for, or `undefined` when the file asks for nothing (said so). */
async function ask(invocation: Invocation, flags: SetupFlags): Promise<Required<Asked> | undefined> {
  const { terminal } = invocation;
  const asked = await readAsk(invocation, flags);
  for (const block of asked.request.outside) terminal.err(`${terminal.symbols.note} ${block}\n`);
  if (asked.request.enablePodIamPolicy) return asked;
  terminal.err('enablePodIamPolicy is not true: nothing to do\n');
  if (flags.output !== 'text') printDocument(terminal, { kind: 'Plan', cluster: asked.request.cluster, items: [] }, flags.output);
  return undefined;
}

interface Target {
  readonly asked: Asked;
  readonly flags: SetupFlags;
}

async function connect(
  { terminal }: Invocation,
  { asked, flags }: Target,
): ReturnType<typeof import('../../app/run-setup.ts').connectSetup> {
  const { connectSetup } = await import('../../app/run-setup.ts');
  const { kubeconfig, context, endpointUrl: endpoint } = flags;
  return connectSetup({ region: asked.region, endpoint, kubeconfig, context, env: terminal.env });
}

async function plan(invocation: Invocation, target: Target): Promise<Prepared> {
  const { planWith } = await import('../../app/run-setup.ts');
  return planWith(target.asked, await connect(invocation, target), invocation.terminal.signal);
}

async function readSaved({ terminal }: Invocation, file: string): Promise<{ readonly digest: string; readonly ask: Required<Asked> }> {
  const { readSavedPlan } = await import('../../app/run-setup.ts');
  const read = readSavedPlan(await readInput(terminal, file));
  if (!read.ok) throw new UsageError(`${file} is not a saved plan`, read.problems);
  return read.saved;
}
