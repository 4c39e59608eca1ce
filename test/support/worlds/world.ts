import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { installCrds } from '../../../src/app/crds.ts';
import { openSandbox, type Sandbox } from '../../../src/app/sandbox.ts';
import type { ExistingCluster } from '../../../src/app/world/existing-cluster.ts';
import { newIdentity } from '../../../src/app/world/world-identity.ts';
import { silentLog } from '../../../src/base/log.ts';
import { systemClock } from '../../../src/host/system-clock.ts';
import { connectKube } from '../../../src/kube/client/connect.ts';
import { createKubeClient, type KubeClientOptions } from '../../../src/kube/client/create-kube-client.ts';
import type { KubeCredentials } from '../../../src/kube/client/credentials.ts';
import { type HttpsFetch, httpsFetch } from '../../../src/kube/client/https-fetch.ts';
import type { KubeClient } from '../../../src/kube/client/kube-client.ts';
import { loadKubeconfig } from '../../../src/kube/client/kubeconfig.ts';
import type { KubeApi } from '../../../src/sandbox/kube-api/create-kube-api.ts';
import { type ControlPlanes, forgetHistory, startControlPlane, stopControlPlane } from './control-plane.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Which world this run of the suites is about; absent in `npm test`: the sandbox. */
    world: WorldName;
    /** The real ones, where there are any. */
    controlPlanes: ControlPlanes;
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

/** The world that this run is about. */
export const worldName = (): WorldName => inject('world') ?? 'sandbox';

/** Why the world of this run cannot be opened; `undefined`: it can. */
export function worldSkipped(): string | undefined {
  if (worldName() === 'sandbox') return undefined;
  const planes = inject('controlPlanes');
  return 'skipped' in planes ? planes.skipped : undefined;
}

/** The cluster of this run as `podrole up` and the embedded default take it; `undefined`: they bring their own. */
export function existingCluster(): ExistingCluster | undefined {
  return worldName() === 'sandbox' || worldSkipped() !== undefined ? undefined : existingIn(ownPlane());
}

const existingIn = (plane: string): ExistingCluster => ({ kubeconfig: join(plane, 'kubeconfig'), allowRemote: false });

/** The folder of a control plane of this test file's own: files of one worker share it, one after the other. */
function ownPlane(name = 'plane'): string {
  const planes = inject('controlPlanes');
  if ('skipped' in planes) throw new Error(planes.skipped);
  return join(planes.folder, `${name}-${process.env.VITEST_POOL_ID}`);
}

/**
 * Starts the control plane that this worker's files share, unless it runs, and gives it the Profile CRD: the garbage collector learns of a new
 * kind within half a minute only, for which a walk that brings and takes the CRD has to wait each time.
 */
export async function startOwnPlane(): Promise<void> {
  if (worldSkipped() !== undefined) return;
  const plane = ownPlane();
  await startControlPlane(plane);
  const client = connectKube(await loadKubeconfig({ path: existingIn(plane).kubeconfig, env: {}, clock: systemClock() }), {
    userAgent: 'test',
  });
  await installCrds(client);
  client.close();
}

/** Opens the world of this run. */
export function openWorldOfRun(): Promise<World> {
  return worldName() === 'sandbox' ? openSandboxWorld() : openRealWorld(ownPlane());
}

/** Opens another world of the same kind, with a cluster of its own. */
export async function openSecondWorldOfRun(): Promise<World> {
  if (worldName() === 'sandbox') return openSandboxWorld();
  const plane = ownPlane('second');
  await startControlPlane(plane);
  const world = await openRealWorld(plane);
  return {
    ...world,
    close: async () => {
      await world.close();
      await stopControlPlane(plane);
    },
  };
}

/** Describes a behaviour that both worlds must show. The world is open in hooks and tests. */
export function inWorld(subject: string, body: (world: () => World) => void): void {
  describe.skipIf(worldSkipped() !== undefined)(subject, () => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await openWorldOfRun();
    });
    afterAll(() => world?.close());
    body(() => {
      if (world === undefined) throw new Error('the world is open in hooks and tests alone');
      return world;
    });
  });
}

export async function openSandboxWorld(): Promise<World> {
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
  const existing = existingIn(folder);
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
