import events from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runUp, type UpOptions } from '../../../src/app/run-up.ts';
import type { WalkStep } from '../../../src/app/walk/walk.ts';
import { systemClock } from '../../../src/host/system-clock.ts';
import { loadKubeconfig } from '../../../src/kube/client/kubeconfig.ts';
import { openApiDoor } from './api-door.ts';
import { existingCluster } from './world.ts';

/** What is broken in a walk. */
export type Sabotage = Pick<UpOptions, 'intercept' | 'replace'>;
type Handler = (request: Request) => Promise<Response>;

events.setMaxListeners(1_000);

/** Walks on the cluster of this run with one component broken; answers the steps. */
export async function walkWith(sabotage: Sabotage): Promise<readonly WalkStep[]> {
  const cluster = existingCluster();
  const folder = await mkdtemp(join(tmpdir(), 'podrole-sabotage-'));
  // The sandbox breaks its own API server; before another one stands a door.
  const between = sabotage.intercept?.kubeApi;
  const door =
    cluster === undefined || between === undefined
      ? undefined
      : await openApiDoor(await loadKubeconfig({ path: cluster.kubeconfig, env: {}, clock: systemClock() }), between);
  const existing = cluster && door ? { ...cluster, kubeconfig: await door.kubeconfig(folder) } : cluster;
  const running = await runUp(
    {
      account: '111122223333',
      region: 'us-west-2',
      cluster: 'demo',
      port: 0,
      awsTls: false,
      logTo: undefined,
      // A real control plane takes seconds to delete a namespace.
      patienceMs: existing === undefined ? 5_000 : 15_000,
      existing,
      onStep: () => undefined,
      ...sabotage,
    },
    AbortSignal.timeout(240_000),
  );
  await running.close();
  await door?.close();
  await rm(folder, { recursive: true, force: true });
  return running.steps;
}

/** The steps that were not observed. */
export const red = (steps: readonly WalkStep[]): readonly number[] => steps.filter(({ ok }) => !ok).map(({ step }) => step);

/** AWS with one answer replaced: `instead` is told the action of each Query request. */
export const aws =
  (instead: (action: string, request: Request, handler: Handler) => Promise<Response | undefined> | undefined) =>
  (handler: Handler): Handler =>
  async (request) => {
    const action = new URLSearchParams(await request.clone().text()).get('Action') ?? '';
    return (await instead(action, request, handler)) ?? handler(request);
  };
