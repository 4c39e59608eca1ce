import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assumeRoleWithWebIdentity } from '../aws/account.ts';
import type { AwsTarget, ExpiringCredentials } from '../aws/client-options.ts';
import type { Clock } from '../base/clock.ts';
import { type Log, silentLog } from '../base/log.ts';
import { jsonLog, type LogDestination } from '../host/json-log.ts';
import { systemClock } from '../host/system-clock.ts';
import { resources } from '../kube/core/resource.ts';
import type { ProfileControllerOptions } from '../profile/options.ts';
import { optionsFromFlags as controllerOptionsFromFlags } from '../profile/options-from-flags.ts';
import { installCrds } from './crds.ts';
import { type ControllerServer, startControllerServer } from './profile/controller-server.ts';
import { openSandbox, type Sandbox, type SandboxIntercepts, type SandboxOptions } from './sandbox.ts';
import { registerWebhook } from './webhook/webhook-registration.ts';
import { startWebhookServer, type WebhookServer, type WebhookServerOptions } from './webhook/webhook-server.ts';

export interface EmbeddedOptions extends Pick<SandboxOptions, 'account' | 'region' | 'cluster' | 'adminKey' | 'port' | 'awsTls'> {
  /** Where the servers' log goes; `undefined`: nowhere. */
  readonly logTo: LogDestination | undefined;
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
  /** Starts webhook and controller, as `podrole webhook` and `podrole controller` run in a cluster. Needs the roles that setup makes. Call once. */
  startServers(signal: AbortSignal): Promise<void>;
  /** Stops everything and removes the folder; twice is fine. */
  close(): Promise<void>;
}

/** Service account whose tokens are the controller's proof at STS, as in a cluster. */
const CONTROLLER = { namespace: 'kubeflow', name: 'profiles-controller-service-account' } as const;

/** Starts a sandbox with the Profile CRD in it. Rejects as `openSandbox`, with nothing left behind. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const clock = systemClock();
  const log = options.logTo === undefined ? silentLog : jsonLog({ destination: options.logTo });
  const folder = await mkdtemp(join(tmpdir(), 'podrole-'));
  let sandbox: Sandbox | undefined;
  let webhook: WebhookServer | undefined;
  let controller: ControllerServer | undefined;
  const close = async (): Promise<void> => {
    await controller?.close();
    await webhook?.close({ acceptMs: 0, finishMs: 500 });
    await sandbox?.close();
    controller = undefined;
    webhook = undefined;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const opened = await openSandbox({
      ...options,
      folder,
      clock,
      log,
      ...(options.intercept === undefined ? {} : { intercept: options.intercept }),
    });
    sandbox = opened;
    await installCrds(opened.kubeClient('podrole-setup'));
    return {
      sandbox: opened,
      clock,
      log,
      folder,
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
