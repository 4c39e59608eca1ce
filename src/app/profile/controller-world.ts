import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { callerIdentity } from '../../aws/account.ts';
import type { AwsTarget } from '../../aws/client-options.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { apiVersionOf, type Resource, resources } from '../../kube/core/resource.ts';
import { createEventRecorder, type EventRecorder } from '../../kube/runtime/event-recorder.ts';
import { createInformer, type Informer } from '../../kube/runtime/informer.ts';
import type { ReadonlyStore } from '../../kube/runtime/store.ts';
import { compactObject, compactProfile } from '../../profile/compact-object.ts';
import type { AdmissionFacts } from '../../profile/judge-admission.ts';
import { profileMetrics } from '../../profile/metrics.data.ts';
import type { LeaseView, ProfileControllerDeps } from '../../profile/ports.ts';
import { nameOf, type Profile } from '../../profile/profile.ts';
import { type DeclaredMetrics, declaredMetrics } from '../declared-metrics.ts';
import { sha256Hex } from '../sha256.ts';
import { objectApplier } from './object-applier.ts';
import { podLister } from './pod-lister.ts';
import { profileStore } from './profile-store.ts';
import { recordStore } from './record-store.ts';
import { trustPolicyStore } from './trust-policy-store.ts';

export interface ControllerWorldOptions {
  readonly client: KubeClient;
  readonly aws: AwsTarget;
  /** Holds the records and the Lease; never created. */
  readonly namespace: string;
  /** The namespace labels file; `undefined`: no labels. */
  readonly labelsFile: string | undefined;
  /** Look at pods, and say which ones run without their role. Default false. */
  readonly reportPods?: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** The controller's ports over a cluster and an account, and the caches behind them. */
export interface ControllerWorld {
  readonly profiles: Informer<Profile>;
  /** Of the objects in profiles' namespaces. */
  readonly objects: readonly Informer<KubeObject>[];
  readonly metrics: DeclaredMetrics<keyof typeof profileMetrics>;
  readonly events: EventRecorder;
  /** The namespace of a profile as its cache has it. */
  namespace(name: string): AdmissionFacts['namespace'];
  /** Resolves when every cache is there. */
  readonly synced: Promise<void>;
  isSynced(): boolean;
  /** The ports for one term of leadership. */
  deps(lease: LeaseView): ProfileControllerDeps;
  /** Resolves when the caches have stopped after the signal aborted; rejects when one failed. */
  readonly done: Promise<void>;
}

/** Names the component in Events, and its lease. */
export const COMPONENT = 'podrole-controller';
/** Where Events about objects without a namespace must be (API server: involvedObject.namespace). */
const EVENTS_NAMESPACE = 'default';
/** What a profile's namespace holds; Istio's policy only where Istio is served. */
const WATCHED: readonly Resource[] = [resources.namespaces, resources.serviceAccounts, resources.roleBindings, resources.resourceQuotas];

/** The view of a process without leader election. */
export const ALONE: LeaseView = { remainingMs: () => Number.POSITIVE_INFINITY, takenOverAt: () => undefined, elected: false };

/** Opens the caches. Rejects with what discovery refused. */
export async function openControllerWorld(options: ControllerWorldOptions, signal: AbortSignal): Promise<ControllerWorld> {
  const { client, clock, log } = options;
  const random = Math.random;
  const watched = (await servesIstio(client, signal)) ? [...WATCHED, resources.authorizationPolicies] : WATCHED;
  const profiles = createInformer<Profile>({ client, resource: resources.profiles, clock, random, log, transform: compactProfile });
  const objects = new Map(
    watched.map(
      (resource) => [resource.plural, createInformer({ client, resource, clock, random, log, transform: compactObject })] as const,
    ),
  );
  const informers: readonly Informer<KubeObject>[] = [profiles, ...objects.values()];
  const events = createEventRecorder({ client, component: COMPONENT, clock, random, log, fallbackNamespace: EVENTS_NAMESPACE });
  const metrics = declaredMetrics(profileMetrics);
  const copies = new Map<string, ReadonlyStore<KubeObject>>([...objects].map(([plural, { store }]) => [plural, store]));
  const done = Promise.all(informers.map((informer) => informer.run(signal))).then(() => undefined);
  return {
    profiles,
    objects: [...objects.values()],
    metrics,
    events,
    namespace: (name) => {
      const informer = objects.get(resources.namespaces.plural);
      return informer?.state().synced === true ? { kind: 'known', object: informer.store.get(name) } : { kind: 'unknown' };
    },
    synced: Promise.all(informers.map((informer) => informer.synced)).then(() => undefined),
    isSynced: () => informers.every((informer) => informer.state().synced),
    done,
    deps: (lease) => ({
      profiles: profileStore(client, profiles.store),
      objects: objectApplier(client, copies),
      trustPolicies: trustPolicyStore(options.aws),
      ...(options.reportPods === true ? { pods: podLister(client) } : {}),
      records: recordStore(client, options.namespace),
      lease,
      events: {
        emit: ({ profile, type, reason, message }) => {
          const { uid, resourceVersion } = profile.metadata;
          const regarding = {
            apiVersion: 'kubeflow.org/v1',
            kind: 'Profile',
            name: nameOf(profile),
            ...(uid === undefined ? {} : { uid }),
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
          };
          events.record({ regarding, type, reason, message });
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
    }),
  };
}

async function servesIstio(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  const wanted = apiVersionOf(resources.authorizationPolicies);
  const list = (await client.raw('GET', '/apis', undefined, signal)) as {
    readonly groups?: readonly { readonly versions?: readonly { readonly groupVersion?: string }[] }[];
  } | null;
  return list?.groups?.some((group) => group.versions?.some(({ groupVersion }) => groupVersion === wanted)) === true;
}
