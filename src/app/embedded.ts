import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { assumeRoleWithWebIdentity } from '../aws/account.ts';
import type { AwsTarget, ExpiringCredentials } from '../aws/client-options.ts';
import type { Clock } from '../base/clock.ts';
import { PodroleError } from '../base/errors.ts';
import { type Log, silentLog } from '../base/log.ts';
import { jsonLog, type LogDestination } from '../host/json-log.ts';
import { systemClock } from '../host/system-clock.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { resources } from '../kube/core/resource.ts';
import type { ProfileControllerOptions } from '../profile/options.ts';
import { optionsFromFlags as controllerOptionsFromFlags } from '../profile/options-from-flags.ts';
import { installCrds } from './crds.ts';
import { openProcessFolder } from './process-folder.ts';
import { type ControllerServer, startControllerServer } from './profile/controller-server.ts';
import { openSandbox, type Sandbox, type SandboxIntercepts, type SandboxOptions } from './sandbox.ts';
import { registerWebhook } from './webhook/webhook-registration.ts';
import { startWebhookServer, type WebhookServer, type WebhookServerOptions } from './webhook/webhook-server.ts';
import { type BorrowedCluster, borrowCluster } from './world/borrowed-cluster.ts';
import type { ExistingCluster } from './world/existing-cluster.ts';
import type { WorldKeeper } from './world/world-keeper.ts';

export interface EmbeddedOptions
  extends Pick<SandboxOptions, 'account' | 'region' | 'cluster' | 'adminKey' | 'port' | 'awsTls' | 'issuers' | 'switches'> {
  /** Where the servers' log goes; `undefined`: nowhere. */
  readonly logTo: LogDestination | undefined;
  /** A cluster that exists already, in place of the sandbox's own; it is given back as it was. */
  readonly existing?: ExistingCluster | undefined;
  /** A folder that keeps the sandbox between starts; absent: it goes with the process. */
  readonly dataDir?: string | undefined;
  /** For tests: faults between a listener and what answers behind it. */
  readonly intercept?: SandboxIntercepts & { readonly webhook?: WebhookServerOptions['intercept'] };
}

/** A sandbox with the product's own servers in it. */
export interface Embedded {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly log: Log;
  /** A folder of this run, mode 0700, that goes with it. */
  readonly folder: string;
  /** What a walk that was killed had left in an existing cluster and was removed now, as `kind/name`. */
  readonly swept: readonly string[];
  /** The client of whoever makes Profiles and namespaces: in an existing cluster they are known by it as this run's own. */
  own(client: KubeClient): KubeClient;
  /** Starts webhook and controller, as `podrole webhook` and `podrole controller` run in a cluster. Needs the roles that setup makes. Call once. */
  startServers(signal: AbortSignal): Promise<void>;
  /**
   * Stops everything, gives an existing cluster back and removes the folder; twice is fine. Rejects with `cluster-not-clean`, with everything
   * stopped, when something of the run may be left in the cluster.
   */
  close(): Promise<void>;
}

/** Service account whose tokens are the controller's proof at STS, as in a cluster. */
const CONTROLLER = { namespace: 'kubeflow', name: 'profiles-controller-service-account' } as const;

/**
 * Starts a sandbox with the Profile CRD in it. Rejects as `openSandbox`, as `borrowCluster` and as `openDataDir`, with nothing left behind.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const clock = systemClock();
  const log = options.logTo === undefined ? silentLog : jsonLog({ destination: options.logTo });
  const folder = await openProcessFolder(tmpdir(), 'podrole-sandbox-');
  let keeper: WorldKeeper | undefined;
  let sandbox: Sandbox | undefined;
  let borrowed: BorrowedCluster | undefined;
  let webhook: WebhookServer | undefined;
  let controller: ControllerServer | undefined;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    // In this order: the controller sees Profiles go, the webhook answers while it is registered, the cluster is reached by the sandbox's clients.
    closing ??= inTurn([
      () => borrowed?.deleteProfiles(),
      () => controller?.close(),
      () => borrowed?.giveBack(),
      () => webhook?.close({ acceptMs: 0, finishMs: 500 }),
      () => sandbox?.close(),
      () => keeper?.close(),
      () => rm(folder, { recursive: true, force: true }),
    ]);
    return closing;
  };
  try {
    if (options.dataDir !== undefined) {
      const { openDataDir } = await import('./world/data-dir.ts');
      keeper = await openDataDir({ ...options, folder: options.dataDir, clock });
    }
    const opened = await openSandbox({ ...options, folder: options.dataDir ?? folder, clock, log, keeper });
    sandbox = opened;
    const setupClient = opened.kubeClient('podrole-setup');
    if (options.existing === undefined) await installCrds(setupClient);
    else borrowed = await borrowCluster(setupClient, clock);
    return {
      sandbox: opened,
      clock,
      log,
      folder,
      swept: borrowed?.swept ?? [],
      own: (client) => borrowed?.own(client) ?? client,
      startServers: async (signal) => {
        const certificate = await opened.authority.issue({ commonName: 'podrole-webhook', ipAddresses: ['127.0.0.1'] });
        webhook = await startWebhookServer({
          client: opened.kubeClient('podrole-webhook'),
          webhook: { region: opened.region },
          tls: { cert: certificate.certPem, key: certificate.keyPem },
          address: '127.0.0.1',
          port: 0,
          metricsPort: undefined,
          namespace: 'kubeflow',
          identitiesFile: undefined,
          clock,
          log: log.child({ server: 'webhook' }),
          random: Math.random,
          ...(options.intercept?.webhook === undefined ? {} : { intercept: options.intercept.webhook }),
        });
        await registerWebhook(opened.kubeClient('podrole-setup'), { url: webhook.url, caPem: opened.authority.caPem }, signal);
        controller = await startControllerServer({
          client: opened.kubeClient('podrole-controller'),
          aws: controllerTarget(opened),
          controller: { ...controllerDefaults(), issuer: opened.issuer },
          namespace: CONTROLLER.namespace,
          leaderElect: false,
          labelsFile: undefined,
          clock,
          log: log.child({ server: 'controller' }),
        });
        await Promise.all([webhook.synced, controller.synced]);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Takes every step, whatever became of those before; rejects with what is left in a cluster, else with what the first that failed said. */
async function inTurn(steps: readonly (() => Promise<void> | void | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  const left = failures.find((failure) => failure instanceof PodroleError && failure.code === 'cluster-not-clean');
  if (failures.length > 0) throw left ?? failures[0];
}

/** What `podrole controller` does without flags. */
function controllerDefaults(): Omit<ProfileControllerOptions, 'issuer'> {
  const defaults = controllerOptionsFromFlags({});
  if (!defaults.ok) throw new Error('the defaults of the controller are not valid');
  return defaults.options;
}

/** The controller holds what its service account may assume, no more: it exchanges its own token, as its pod would. */
function controllerTarget(sandbox: Sandbox): AwsTarget {
  const { credentials: _, ...target } = sandbox.adminTarget;
  const kube = sandbox.kubeClient('podrole-controller');
  const credentials = async (): Promise<ExpiringCredentials> => {
    const account = await kube.get(resources.serviceAccounts, CONTROLLER);
    const { token } = await kube.createToken(CONTROLLER, { audiences: ['sts.amazonaws.com'] });
    const roleArn = account.metadata.annotations?.['eks.amazonaws.com/role-arn'] ?? '';
    return assumeRoleWithWebIdentity(target, { roleArn, sessionName: 'podrole-controller', token });
  };
  return { ...target, credentials };
}
