import type { Log } from '../../base/log.ts';
import { limitHeapGrowth } from '../../host/heap-growth.ts';
import { systemClock } from '../../host/system-clock.ts';
import { holdYoungGeneration } from '../../host/young-generation.ts';
import { resources } from '../../kube/core/resource.ts';
import { describeAction } from '../../profile/action.ts';
import type { ControllerFlagsResult, WebhookServing } from '../../profile/options-from-flags.ts';
import { planProfiles } from '../../profile/plan-profiles.ts';
import { FIELD_MANAGER } from '../../profile/profile.ts';
import { connectCluster } from '../cluster-connection.ts';
import { ended } from '../ended.ts';
import { clusterIssuer } from '../run-setup.ts';
import { accountQuota } from './account-quota.ts';
import { type ControllerServerOptions, startControllerServer } from './controller-server.ts';
import { ALONE, openControllerWorld } from './controller-world.ts';

export { controllerFlagTable } from '../../profile/flags.data.ts';
export { optionsFromFlags as controllerOptionsFromFlags } from '../../profile/options-from-flags.ts';

type ControllerRun = Extract<ControllerFlagsResult, { readonly ok: true }>;

export interface RunControllerContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Gets the lines of a dry run. */
  readonly print: (line: string) => void;
}

/** IAM is one service for all regions; its client wants one all the same. */
const ANY_REGION = 'us-east-1';

/** After readiness went: as long as endpoints take to lose the pod, and as long as a review may still take. Milliseconds. */
const DRAIN = { acceptMs: 5_000, finishMs: 5_000 };
/** All interfaces: the API server calls from another host. */
const ADDRESS = '0.0.0.0';

function webhookFor({ port, certificate }: WebhookServing, namespace: string): NonNullable<ControllerServerOptions['webhook']> {
  if (certificate.kind === 'files') return { address: ADDRESS, port, certificate };
  const { configuration: name } = certificate;
  const configuration = name === undefined ? undefined : { resource: resources.validatingWebhookConfigurations, name };
  return { address: ADDRESS, port, certificate: { ...certificate, namespace, configuration, fieldManager: FIELD_MANAGER } };
}

/**
 * Runs the Profile controller until the signal aborts; with `--dry-run` prints what it would do for the profiles as they are and ends.
 * Rejects with `CredentialsError`, `ListenError`, `issuer-unknown` or what the API server refused.
 */
export async function runController(run: ControllerRun, context: RunControllerContext, signal: AbortSignal): Promise<void> {
  holdYoungGeneration();
  limitHeapGrowth();
  const { serving } = run;
  const { log, env } = context;
  for (const notice of run.notices) log.warn('flag without effect', { notice });
  const clock = systemClock();
  const kubeconfig = serving.kubeconfig === '' ? undefined : serving.kubeconfig;
  const { client, namespace } = await connectCluster({ kubeconfig, env, userAgent: 'podrole-controller', preferPod: true });
  const issuer = serving.issuer ?? (await clusterIssuer(client, signal));
  const world = {
    client,
    aws: { region: serving.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? ANY_REGION, endpoint: serving.iamEndpoint },
    namespace: serving.namespace ?? namespace ?? 'default',
    labelsFile: serving.labelsFile,
    reportPods: serving.reportPods,
    clock,
    log,
  };
  const quota = run.options.trustPolicyQuota ?? (await accountQuota(world, signal));
  const controller = { ...run.options, ...(quota === undefined ? {} : { trustPolicyQuota: quota }), issuer };
  if (serving.dryRun) {
    await dryRun();
    return;
  }
  const server = await startControllerServer({
    ...world,
    controller,
    leaderElect: serving.leaderElect,
    metrics: serving.metrics,
    health: serving.health,
    webhook: serving.webhook && webhookFor(serving.webhook, world.namespace),
  });
  log.info('controller runs', { issuer, namespace: world.namespace });
  void server.synced.then(() => log.info('caches have synced'));
  try {
    await Promise.race([ended(signal), server.done]);
  } finally {
    await server.close(serving.webhook === undefined ? undefined : DRAIN);
  }

  async function dryRun(): Promise<void> {
    const ending = new AbortController();
    const opened = await openControllerWorld(world, ending.signal);
    try {
      await opened.synced;
      for (const action of await planProfiles(opened.deps(ALONE), controller)) context.print(describeAction(action));
    } finally {
      ending.abort();
      await opened.done;
      client.close();
    }
  }
}
