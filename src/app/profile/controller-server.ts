import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { callerIdentity } from '../../aws/account.ts';
import type { AwsTarget } from '../../aws/client-options.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { healthHandler } from '../../host/health.ts';
import { type Listener, listen } from '../../host/listen.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { apiVersionOf, type Resource, resources } from '../../kube/core/resource.ts';
import { createEventRecorder } from '../../kube/runtime/event-recorder.ts';
import { createInformer, type Informer } from '../../kube/runtime/informer.ts';
import { type Leadership, runLeaderElection } from '../../kube/runtime/leader-elector.ts';
import type { ReadonlyStore } from '../../kube/runtime/store.ts';
import type { Action } from '../../profile/action.ts';
import { createProfileController, type ProfileController } from '../../profile/create-profile-controller.ts';
import { profileMetrics } from '../../profile/metrics.data.ts';
import type { ProfileControllerOptions } from '../../profile/options.ts';
import type { LeaseView, ProfileControllerDeps } from '../../profile/ports.ts';
import { nameOf, type Profile } from '../../profile/profile.ts';
import { type DeclaredMetrics, declaredMetrics } from '../declared-metrics.ts';
import { sha256Hex } from '../sha256.ts';
import { objectApplier } from './object-applier.ts';
import { profileStore } from './profile-store.ts';
import { recordStore } from './record-store.ts';
import { trustPolicyStore } from './trust-policy-store.ts';

export interface ControllerServerOptions {
  readonly client: KubeClient;
  readonly aws: AwsTarget;
  readonly controller: ProfileControllerOptions;
  /** Holds the records and the Lease; never created. */
  readonly namespace: string;
  readonly leaderElect: boolean;
  /** The namespace labels file; `undefined`: no labels. */
  readonly labelsFile: string | undefined;
  /** Address and port, `undefined`: none. */
  readonly metrics?: { readonly address: string; readonly port: number } | undefined;
  readonly health?: { readonly address: string; readonly port: number } | undefined;
  readonly onAction?: (action: Action) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** A controller that works, or waits for its lease. */
export interface ControllerServer {
  /** Resolves when the caches have synced and the first term has begun to wait for its lease. */
  readonly synced: Promise<void>;
  /** Resolves when it has stopped by itself; rejects when it failed. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

const LEASE_NAME = 'podrole-controller';
const LABELS_INTERVAL_MS = 2_000;
/** What a profile's namespace holds; Istio's policy only where Istio is served. */
const WATCHED: readonly Resource[] = [resources.namespaces, resources.serviceAccounts, resources.roleBindings, resources.resourceQuotas];

/** Starts the Profile controller: caches, leader election where asked for, metrics and probes. Rejects with `ListenError` or what discovery refused. */
export async function startControllerServer(options: ControllerServerOptions): Promise<ControllerServer> {
  const { client, clock, log } = options;
  const random = Math.random;
  const ending = new AbortController();
  const { signal } = ending;
  const metrics = declaredMetrics(profileMetrics);
  const watched = (await servesIstio(client, signal)) ? [...WATCHED, resources.authorizationPolicies] : WATCHED;
  const profiles = createInformer<Profile>({ client, resource: resources.profiles, clock, random, log });
  const objects = new Map(watched.map((resource) => [resource.plural, createInformer({ client, resource, clock, random, log })] as const));
  const informers: readonly Informer<KubeObject>[] = [profiles, ...objects.values()];
  const events = createEventRecorder({ client, component: LEASE_NAME, clock, random, log, fallbackNamespace: options.namespace });

  const listeners = await openListeners(options, metrics, () => informers.every((informer) => informer.state().synced));
  const running = informers.map((informer) => informer.run(signal));
  const synced = Promise.all(informers.map((informer) => informer.synced)).then(() => undefined);

  const deps = (lease: LeaseView): ProfileControllerDeps => ({
    profiles: profileStore(client, profiles.store),
    objects: objectApplier(client, new Map<string, ReadonlyStore<KubeObject>>([...objects].map(([plural, { store }]) => [plural, store]))),
    trustPolicies: trustPolicyStore(options.aws),
    records: recordStore(client, options.namespace),
    lease,
    events: {
      emit: ({ profile, type, reason, message }) => {
        const { uid, resourceVersion } = profile.metadata;
        const regarding = { apiVersion: 'kubeflow.org/v1', kind: 'Profile', name: nameOf(profile) };
        events.record({
          regarding: { ...regarding, ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) },
          type,
          reason,
          message,
        });
      },
    },
    metrics: {
      count: (name, labels, by) => metrics.increment(name, labels, by),
      set: (name, labels, value) => metrics.set(name, value, labels),
    },
    clock,
    log,
    sha256Hex,
    random,
    callerIdentity: (inner) => callerIdentity(options.aws, inner),
    readLabels: () => (options.labelsFile === undefined ? Promise.resolve('') : readFile(options.labelsFile, 'utf8')),
    processId: randomUUID(),
  });

  /** One term: a controller of its own, fed by the caches. */
  async function term(lease: LeaseView, termSignal: AbortSignal): Promise<{ readonly release: boolean }> {
    await synced;
    const controller = createProfileController(deps(lease), options.controller);
    if (options.onAction !== undefined) controller.onAction(options.onAction);
    const leave = feed(controller, profiles, [...objects.values()]);
    const labels = followLabels(controller, termSignal);
    try {
      await controller.start(termSignal);
      return { release: controller.settled() };
    } finally {
      for (const out of leave) out();
      await labels;
    }
  }

  async function followLabels(controller: ProfileController, termSignal: AbortSignal): Promise<void> {
    if (options.labelsFile === undefined) return;
    const read = (): Promise<string> => readFile(options.labelsFile ?? '', 'utf8').catch((error: unknown) => messageOf(error));
    let before = await read();
    while (!termSignal.aborted) {
      await sleep(clock, LABELS_INTERVAL_MS, termSignal).catch(() => undefined);
      const now = await read();
      if (now !== before) controller.labelsChanged();
      before = now;
    }
  }

  const work = options.leaderElect
    ? runLeaderElection(
        {
          client,
          namespace: options.namespace,
          name: LEASE_NAME,
          identity: `${process.pid}-${randomUUID()}`,
          clock,
          random,
          log,
          lead: (leadership, termSignal) => term(electedLease(leadership, clock), termSignal),
        },
        signal,
      )
    : term({ remainingMs: () => Number.POSITIVE_INFINITY, takenOverAt: () => undefined, elected: false }, signal).then(() => undefined);
  const done = Promise.all([work, ...running]).then(() => undefined);
  done.catch((error: unknown) => log.error('controller failed', { error: messageOf(error) }));

  return {
    synced,
    done,
    close: async () => {
      ending.abort();
      await done.catch(() => undefined);
      await Promise.all([events.flush(), ...listeners.map((listener) => listener.close(0))]);
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
function feed(
  controller: ProfileController,
  profiles: Informer<Profile>,
  objects: readonly Informer<KubeObject>[],
): readonly (() => void)[] {
  const profileOut = profiles.subscribe({
    onUpsert: (name) => controller.profileChanged(name),
    onDelete: (name) => controller.profileChanged(name),
  });
  const tell = (object: KubeObject | undefined): void => {
    if (object !== undefined) controller.objectChanged(object);
  };
  return [
    profileOut,
    ...objects.map((informer) => informer.subscribe({ onUpsert: (_, value) => tell(value), onDelete: (_, previous) => tell(previous) })),
  ];
}

async function servesIstio(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  const wanted = apiVersionOf(resources.authorizationPolicies);
  const list = (await client.raw('GET', '/apis', undefined, signal)) as {
    readonly groups?: readonly { readonly versions?: readonly { readonly groupVersion?: string }[] }[];
  } | null;
  return list?.groups?.some((group) => group.versions?.some(({ groupVersion }) => groupVersion === wanted)) === true;
}

async function openListeners(
  options: ControllerServerOptions,
  metrics: DeclaredMetrics<string>,
  isSynced: () => boolean,
): Promise<readonly Listener[]> {
  const { log } = options;
  const ready = (): readonly string[] => (isSynced() ? [] : ['caches have not synced']);
  const opened: Listener[] = [];
  try {
    if (options.metrics !== undefined)
      opened.push(await listen({ ...options.metrics, log, handler: healthHandler({ ready, metrics: metrics.registry.handle }) }));
    if (options.health !== undefined) opened.push(await listen({ ...options.health, log, handler: healthHandler({ ready }) }));
    return opened;
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close(0)));
    throw error;
  }
}
