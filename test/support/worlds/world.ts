import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { openSandbox, type Sandbox } from '../../../src/app/sandbox.ts';
import type { ExistingCluster } from '../../../src/app/world/existing-cluster.ts';
import { newIdentity } from '../../../src/app/world/world-identity.ts';
import { silentLog } from '../../../src/base/log.ts';
import { systemClock } from '../../../src/host/system-clock.ts';
import { createKubeClient, type KubeClientOptions } from '../../../src/kube/client/create-kube-client.ts';
import type { KubeCredentials } from '../../../src/kube/client/credentials.ts';
import { type HttpsFetch, httpsFetch } from '../../../src/kube/client/https-fetch.ts';
import type { KubeClient } from '../../../src/kube/client/kube-client.ts';
import { loadKubeconfig } from '../../../src/kube/client/kubeconfig.ts';
import type { KubeApi } from '../../../src/sandbox/kube-api/create-kube-api.ts';
import { type ControlPlane, forgetHistory } from './control-plane.ts';

declare module 'vitest' {
  interface ProvidedContext {
    controlPlane: ControlPlane;
  }
}

/** A cluster with the sandbox's AWS beside it. What a test says of one holds for both kinds. */
export interface World {
  readonly name: WorldName;
  /** AWS endpoints, issuer, kubeconfig and clients. */
  readonly sandbox: Sandbox;
  readonly credentials: KubeCredentials;
  /** The cluster as `podrole up` takes it; absent: it brings its own. */
  readonly existing: ExistingCluster | undefined;
  kubeClient(options?: Partial<KubeClientOptions>): KubeClient;
  /** Connections without any credentials. */
  anonymousFetch(): HttpsFetch;
  /** Lists and watches of all revisions until now are 410 afterwards. A real server needs seconds. */
  forgetHistory(): Promise<void>;
  close(): Promise<void>;
}

export type WorldName = 'sandbox' | 'real';

export interface WorldPlan {
  readonly name: WorldName;
  /** Why it cannot be opened. */
  readonly skipped?: string;
  open(): Promise<World>;
}

/** The sandbox's own API, or the real control plane of this run. */
export function worldPlans(): readonly WorldPlan[] {
  const plane = inject('controlPlane');
  return [
    { name: 'sandbox', open: openSandboxWorld },
    'skipped' in plane
      ? { name: 'real', skipped: plane.skipped, open: () => Promise.reject(new Error(plane.skipped)) }
      : { name: 'real', open: () => openRealWorld(plane.folder) },
  ];
}

/** Describes the same behaviour of both worlds. The world is open in hooks and tests. */
export function onEachWorld(subject: string, body: (world: () => World, name: WorldName) => void): void {
  for (const plan of worldPlans()) {
    describe.skipIf(plan.skipped !== undefined)(`${subject} [${plan.name}]`, () => {
      let world: World | undefined;
      beforeAll(async () => {
        world = await plan.open();
      });
      afterAll(() => world?.close());
      body(() => {
        if (world === undefined) throw new Error('the world is open in hooks and tests alone');
        return world;
      }, plan.name);
    });
  }
}

async function openSandboxWorld(): Promise<World> {
  let api: KubeApi | undefined;
  return openWorld('sandbox', {
    keeper: {
      identity: await newIdentity({ region: 'us-west-2', clock: systemClock() }),
      keepKube: (opened) => {
        api = opened;
      },
      keepAws: (aws) => (request) => aws.handle(request),
      started: () => undefined,
      close: () => undefined,
    },
    forgetHistory: async () => api?.store.compact(),
  });
}

async function openRealWorld(folder: string): Promise<World> {
  const existing = { kubeconfig: join(folder, 'kubeconfig'), allowRemote: false };
  const world: World = await openWorld('real', {
    existing,
    forgetHistory: async () => {
      const { metadata } = (await world.kubeClient().raw('GET', '/api/v1/namespaces?limit=1')) as {
        readonly metadata: { readonly resourceVersion: string };
      };
      await forgetHistory(folder, Number(metadata.resourceVersion));
    },
  });
  return world;
}

type Kind = Pick<World, 'forgetHistory'> & Pick<Parameters<typeof openSandbox>[0], 'existing' | 'keeper'>;

async function openWorld(name: WorldName, { forgetHistory, ...kind }: Kind): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'podrole-world-'));
  const clock = systemClock();
  const sandbox = await openSandbox({
    account: '111122223333',
    region: 'us-west-2',
    cluster: 'demo',
    adminKey: { accessKeyId: 'test', secretAccessKey: 'test' },
    port: 0,
    awsTls: false,
    folder,
    clock,
    log: silentLog,
    ...kind,
  });
  const credentials = await loadKubeconfig({ path: sandbox.kubeconfig, env: {}, clock });
  return {
    name,
    sandbox,
    credentials,
    existing: kind.existing,
    kubeClient: (options = {}) =>
      createKubeClient({
        server: credentials.server,
        userAgent: 'podrole-suite/1',
        fetch: httpsFetch(credentials.tls),
        ...(credentials.token === undefined ? {} : { token: credentials.token }),
        ...options,
      }),
    anonymousFetch: () => httpsFetch(credentials.tls.ca === undefined ? {} : { ca: credentials.tls.ca }),
    forgetHistory,
    close: async () => {
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
