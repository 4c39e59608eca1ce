import { resolve } from 'node:path';
import type { RoleAccess } from '../../app/explain-pod/check-role.ts';
import { decidingFlags } from '../../app/explain-pod/explain-flags.ts';
import type { ExplainedPod } from '../../app/explain-pod/explain-pods.ts';
import { type Format, printDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { readInput, UsageError } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { parseGoFlags } from '../servers/go-flags.ts';
import type { Terminal } from '../terminal.ts';

type Severity = ExplainedPod['findings'][number]['severity'];

export interface ExplainPodFlags {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly serviceAccount?: readonly string[];
  readonly checkRole?: boolean;
  readonly failOn: Severity;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly policy?: string;
  readonly providerArn?: string;
  readonly webhookNamespace?: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly output: Format;
  /** The webhook's flags, by the names that the command-line library gives them. */
  readonly [webhookFlag: string]: unknown;
}

const GRAVITY: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

/** `podrole explain pod/NAME` and `podrole explain -f FILE`: what becomes of pods at admission, and why. */
export async function explainPod(invocation: Invocation, target: string | undefined, flags: ExplainPodFlags): Promise<void> {
  const { terminal } = invocation;
  const { parseTarget } = await import('../../app/explain-pod/workloads.ts');
  const named = target === undefined ? undefined : parseTarget(target);
  if (target !== undefined && named === undefined)
    throw new UsageError(`${JSON.stringify(target)} names no pod`, [
      { path: '', message: 'write pod/NAME, or deployment/NAME and the like' },
    ]);
  const { explainOptions } = await import('../../app/explain-pod/explain-flags.ts');
  const given = webhookFlags(flags);
  const options = explainOptions(given);
  if (!options.ok) throw new UsageError('the flags of the webhook are wrong', options.problems);
  const files = [...(flags.filename ?? []), ...(flags.serviceAccount ?? [])];
  if (files.filter((file) => file === '-').length + (flags.policy === '-' ? 1 : 0) > 1)
    throw new UsageError('standard input can be one of the files alone');
  const { explainPods } = await import('../../app/explain-pod/explain-pods.ts');
  const { webhookFlagTable } = await import('../../app/webhook/run-webhook.ts');
  const answer = await explainPods(
    {
      target: named,
      files: await Promise.all(
        files.map(async (name) => ({ name: name === '-' ? 'standard input' : name, text: await readInput(terminal, name) })),
      ),
      namespace: flags.namespace,
      flags: given,
      parseFlags: (args) => {
        const parsed = parseGoFlags(webhookFlagTable, args);
        return parsed.ok ? parsed.values : undefined;
      },
      identities: options.identitiesFile === undefined ? undefined : await readInput(terminal, options.identitiesFile),
      cluster: { kubeconfig: flags.kubeconfig, context: flags.context, env: terminal.env },
      roles: await roleAccess(terminal, flags),
    },
    terminal.signal,
  );
  if (!answer.ok) throw new UsageError('there is no pod to explain', answer.problems);
  if (flags.output === 'text') {
    for (const pod of answer.pods) print(terminal, pod);
    if (answer.webhook.from !== undefined) terminal.err(`${terminal.symbols.note} judged by the flags of ${answer.webhook.from}\n`);
    for (const note of answer.webhook.notes) terminal.err(`${terminal.symbols.note} ${note}\n`);
    if (!answer.askedCluster)
      terminal.err(`${terminal.symbols.note} no cluster was asked: whether a webhook is registered is known from the files alone\n`);
  } else {
    const { ok: _, ...rest } = answer;
    printDocument(terminal, { kind: 'PodExplanationList', ...rest }, flags.output);
  }
  const grave = (severity: Severity): boolean => GRAVITY[severity] >= GRAVITY[flags.failOn];
  if (answer.pods.some(({ findings }) => findings.some(({ severity }) => grave(severity)))) invocation.exitCode = EXIT.no;
}

/** As the webhook's own command line would hold them; a path is the user's, who need not write it from the root. */
function webhookFlags(flags: ExplainPodFlags): Readonly<Record<string, string | boolean>> {
  const namespace = flags.webhookNamespace === undefined ? {} : { namespace: flags.webhookNamespace };
  const deciding = Object.fromEntries(
    decidingFlags.flatMap(({ name }) => {
      const value = flags[name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
      if (typeof value !== 'string' && typeof value !== 'boolean') return [];
      return [[name, name === 'watch-container-credentials-config' && typeof value === 'string' ? resolve(value) : value]];
    }),
  );
  return { ...namespace, ...deciding };
}

async function roleAccess(terminal: Terminal, flags: ExplainPodFlags): Promise<((hasCluster: boolean) => RoleAccess) | undefined> {
  const { policy, providerArn } = flags;
  const at = { region: flags.region, endpoint: flags.endpointUrl };
  const { awsTarget, readTrust } = await import('../../app/run-trust.ts');
  if (policy !== undefined) {
    const { text, from } = await readTrust(policy, { ...at, readText: terminal.readText }, terminal.signal);
    return () => ({ kind: 'policy', from, text, providerArn });
  }
  if (flags.checkRole !== true) return undefined;
  const cluster = { kubeconfig: flags.kubeconfig, context: flags.context, env: terminal.env };
  return (hasCluster) => ({ kind: 'iam', target: awsTarget(at), providerArn, cluster: hasCluster ? cluster : undefined });
}

const OUTCOMES: Readonly<Record<ExplainedPod['outcome'], readonly [manifest: string, admitted: string]>> = {
  injected: ['would be given credentials', 'a new pod like it would be given credentials'],
  'left-alone': ['would be left alone', 'a new pod like it would be left alone'],
  undecided: ['would be left to the failure policy', 'a new pod like it would be left to the failure policy'],
};
const ORIGINS = {
  'service-account': 'annotation of the service account',
  'config-map': 'mapping ConfigMap',
  'container-credentials': 'container credentials file',
} as const;

function print(terminal: Terminal, pod: ExplainedPod): void {
  const { colors, symbols } = terminal;
  const { kind, name, namespace, serviceAccount, admitted, outcome, reason, findings } = pod;
  const worst = findings[0]?.severity;
  const mark = worst === 'error' ? colors.red(symbols.no) : worst === 'warning' ? colors.yellow(symbols.note) : colors.green(symbols.ok);
  const what = reason === 'AlreadyInjected' ? 'has the credentials that it would be given' : OUTCOMES[outcome][admitted ? 1 : 0];
  const account = serviceAccount === '' ? '' : `, as ${serviceAccount}`;
  terminal.out(
    `${mark} ${kind.toLowerCase()}${name === '' ? '' : `/${name}`}${namespace === '' ? '' : ` in ${namespace}`}${account}: ${what} (${reason}: ${pod.because})\n`,
  );
  if (pod.method !== undefined && pod.origin !== undefined) {
    const role = pod.role === undefined ? 'EKS Pod Identity' : `role ${pod.role}`;
    terminal.out(`  ${role}, by the ${ORIGINS[pod.origin]}; token for ${pod.audience || 'the API server'}\n`);
  }
  for (const container of pod.containers) {
    const given = [...container.env, ...(container.mountedAt === undefined ? [] : [`token at ${container.mountedAt}`])].join(', ');
    terminal.out(
      `  ${container.init ? 'init container' : 'container'} ${container.name}: ${container.outcome}, ${given || container.because}\n`,
    );
  }
  for (const { webhook, configuration, verdict, failurePolicy } of pod.registered ?? [])
    terminal.out(
      `  webhook ${webhook} of ${configuration} ${verdict === 'calls' ? `is called, failurePolicy ${failurePolicy}` : `is not called (${verdict})`}\n`,
    );
  if (pod.trust !== undefined)
    terminal.out(`  trust policy${pod.trust.policy === undefined ? '' : ` of ${pod.trust.policy}`}: ${pod.trust.verdict}\n`);
  for (const { code, severity, message, remedy } of findings) {
    const sign = severity === 'error' ? colors.red(symbols.no) : severity === 'warning' ? colors.yellow(symbols.note) : colors.dim('i');
    terminal.out(`  ${sign} ${severity} ${code}: ${message}\n    fix: ${remedy}\n`);
  }
}
