import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { type HealthCheck, healthHandler } from '../../host/health.ts';
import { type Listener, listen } from '../../host/listen.ts';
import { type Leadership, runLeaderElection } from '../../kube/runtime/leader-elector.ts';
import { createProfileController, type ProfileController } from '../../profile/create-profile-controller.ts';
import type { ProfileControllerOptions } from '../../profile/options.ts';
import type { LeaseView } from '../../profile/ports.ts';
import type { CertificateOrigin } from '../webhook/certificate-source.ts';
import { ALONE, COMPONENT, type ControllerWorld, type ControllerWorldOptions, openControllerWorld } from './controller-world.ts';
import { type ProfileWebhookServer, startProfileWebhookServer } from './profile-webhook-server.ts';

export interface ControllerServerOptions extends ControllerWorldOptions {
  readonly controller: ProfileControllerOptions;
  readonly leaderElect: boolean;
  /** Address and port, `undefined`: none. */
  readonly metrics?: { readonly address: string; readonly port: number } | undefined;
  readonly health?: { readonly address: string; readonly port: number } | undefined;
  /** The validating webhook; `undefined`: none. */
  readonly webhook?: { readonly address: string; readonly port: number; readonly certificate: CertificateOrigin } | undefined;
}

/** A controller that works, or waits for its lease. */
export interface ControllerServer {
  /** Resolves when the caches have synced. */
  readonly synced: Promise<void>;
  /** Resolves when it has stopped; rejects when it failed. */
  readonly done: Promise<void>;
  /** Of the validating webhook, without a path, once it has a certificate. Rejects as `done`. */
  webhookUrl(): Promise<string | undefined>;
  /** Not ready from now on; the webhook still answers for `acceptMs`, and ends what is under way within `finishMs` more. Default: at once. */
  close(drain?: { readonly acceptMs: number; readonly finishMs: number }): Promise<void>;
}

const LABELS_INTERVAL_MS = 2_000;

/** Starts the Profile controller: caches, leader election where asked for, metrics and probes. Rejects with `ListenError` or what discovery refused. */
export async function startControllerServer(options: ControllerServerOptions): Promise<ControllerServer> {
  const { client, clock, log } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const world = await openControllerWorld(options, signal);
  let draining = false;
  let webhook: ProfileWebhookServer | undefined;
  const listeners = await openListeners(options, { world, ready: () => complaints() }).catch((error: unknown) => {
    ending.abort();
    throw error;
  });
  // Beside everything else: a certificate that does not come must not keep profiles from being served.
  const opening = openWebhook();

  function complaints(): readonly string[] {
    if (draining) return ['the controller is stopping'];
    if (!world.isSynced()) return ['caches have not synced'];
    return options.webhook !== undefined && webhook === undefined ? ['the webhook has no certificate yet'] : [];
  }

  async function openWebhook(): Promise<void> {
    if (options.webhook === undefined) return;
    try {
      webhook = await startProfileWebhookServer({ ...options, ...options.webhook, world }, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** One term: a controller of its own, fed by the caches. */
  async function term(lease: LeaseView, termSignal: AbortSignal): Promise<{ readonly release: boolean }> {
    await world.synced;
    const controller = createProfileController(world.deps(lease), options.controller);
    const leave = feed(controller, world);
    const labels = followLabels(controller, options, termSignal);
    try {
      await controller.start(termSignal);
      return { release: controller.settled() };
    } finally {
      for (const out of leave) out();
      await labels;
    }
  }

  const work = options.leaderElect
    ? runLeaderElection(
        {
          client,
          namespace: options.namespace,
          name: COMPONENT,
          identity: `${process.pid}-${randomUUID()}`,
          clock,
          random: Math.random,
          log,
          lead: (leadership, termSignal) => term(electedLease(leadership, clock), termSignal),
        },
        signal,
      )
    : term(ALONE, signal).then(() => undefined);
  const done = Promise.all([work, world.done, opening]).then(() => undefined);
  done.catch((error: unknown) => log.error('controller failed', { error: messageOf(error) }));

  return {
    synced: world.synced,
    done,
    webhookUrl: () => opening.then(() => webhook?.url),
    close: async (drain = { acceptMs: 0, finishMs: 0 }) => {
      draining = true;
      const served = webhook;
      await served?.close(drain);
      ending.abort();
      await done.catch(() => undefined);
      // One whose certificate came in the meantime.
      if (webhook !== served) await webhook?.close({ acceptMs: 0, finishMs: 0 });
      await Promise.all([world.events.flush(), ...listeners.map((listener) => listener.close(0))]);
      client.close();
    },
  };
}

/** The controller's view of a term; a lease that ran out under another holder was not released by it. */
function electedLease(leadership: Leadership, clock: Clock): LeaseView {
  const takenOverAt = leadership.takeover === 'expired' ? clock.monotonic() : undefined;
  return { remainingMs: () => leadership.remainingMs(), takenOverAt: () => takenOverAt, elected: true };
}

/** Tells the controller what changed; answers the ways out. */
function feed(controller: ProfileController, { profiles, objects }: ControllerWorld): readonly (() => void)[] {
  return [
    profiles.subscribe({ onUpsert: (name) => controller.profileChanged(name), onDelete: (name) => controller.profileChanged(name) }),
    ...objects.map((informer) =>
      informer.subscribe({
        onUpsert: (_, value) => value !== undefined && controller.objectChanged(value),
        onDelete: (_, previous) => previous !== undefined && controller.objectChanged(previous),
      }),
    ),
  ];
}

/** By content: the symlink swap of a mounted ConfigMap is no event of the file's own. */
async function followLabels(controller: ProfileController, options: ControllerServerOptions, signal: AbortSignal): Promise<void> {
  const { labelsFile, clock } = options;
  if (labelsFile === undefined) return;
  const read = (): Promise<string> => readFile(labelsFile, 'utf8').catch((error: unknown) => messageOf(error));
  let before = await read();
  while (!signal.aborted) {
    await sleep(clock, LABELS_INTERVAL_MS, signal).catch(() => undefined);
    const now = await read();
    if (now !== before) controller.labelsChanged();
    before = now;
  }
}

async function openListeners(
  options: ControllerServerOptions,
  { world, ready }: { readonly world: ControllerWorld; readonly ready: HealthCheck },
): Promise<readonly Listener[]> {
  const { log } = options;
  const opened: Listener[] = [];
  try {
    const metrics = world.metrics.registry.handle;
    if (options.metrics !== undefined) opened.push(await listen({ ...options.metrics, log, handler: healthHandler({ ready, metrics }) }));
    if (options.health !== undefined) opened.push(await listen({ ...options.health, log, handler: healthHandler({ ready }) }));
    return opened;
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close(0)));
    throw error;
  }
}
