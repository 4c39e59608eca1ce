import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../host/system-clock.ts';
import { connectKube } from '../../kube/client/connect.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { loadKubeconfig } from '../../kube/client/kubeconfig.ts';
import type { KubeObject } from '../../kube/core/object.ts';
import { resources } from '../../kube/core/resource.ts';
import { shippedCrds } from '../crds.ts';
import { thisProcess } from '../process-identity.ts';
import { type StartedSandbox, startSandbox } from '../sandbox-api.ts';
import { type BorrowedCluster, borrowCluster } from './borrowed-cluster.ts';

const CRD = { name: 'profiles.kubeflow.org' };
const WEBHOOK = { name: 'pod-identity-webhook' };
const clock = systemClock();
let sandbox: StartedSandbox;
let kube: KubeClient;

beforeEach(async () => {
  sandbox = await startSandbox();
  kube = connectKube(await loadKubeconfig({ path: sandbox.kubeconfig, env: {}, clock }), { userAgent: 'test' });
  await kube.delete(resources.customResourceDefinitions, CRD);
  while ((await kube.find(resources.customResourceDefinitions, CRD)) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
});
afterEach(async () => {
  kube.close();
  await sandbox.close();
});

const namespace = (name: string): KubeObject => ({ metadata: { name } });
const profile = (name: string, finalizers: readonly string[] = []): KubeObject => ({
  apiVersion: 'kubeflow.org/v1',
  kind: 'Profile',
  metadata: { name, finalizers },
  spec: { owner: { kind: 'User', name: 'somebody@example.com' } },
});
async function contents(): Promise<readonly string[]> {
  const kinds = [resources.namespaces, resources.customResourceDefinitions, resources.mutatingWebhookConfigurations];
  const lists = await Promise.all(kinds.map((kind) => kube.list(kind, {})));
  return lists.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.name} ${metadata.uid}`));
}
/** What a walk makes; the controller's part is one namespace. */
async function walkIn(borrowed: BorrowedCluster): Promise<void> {
  const own = borrowed.own(kube);
  await own.apply(resources.namespaces, namespace('kubeflow'), { fieldManager: 'podrole-setup' });
  const { metadata } = await own.create(resources.profiles, profile('user-a', ['podrole.dev/aws-iam']));
  const ownerReferences = [{ apiVersion: 'kubeflow.org/v1', kind: 'Profile', name: 'user-a', uid: metadata.uid ?? '' }];
  await kube.apply(resources.namespaces, { metadata: { name: 'user-a', ownerReferences } }, { fieldManager: 'podrole-controller' });
}
/** As if the walk's process had been another one. */
async function holder(identity: object): Promise<void> {
  const annotations = { 'podrole.dev/run-by': JSON.stringify({ ...thisProcess(), ...identity }) };
  await kube.mergePatch(resources.mutatingWebhookConfigurations, WEBHOOK, { metadata: { annotations } });
}
const dead = (): number => spawnSync(process.execPath, ['-e', '']).pid;

/** As a real server while it begins to serve a kind: the first lists of Profiles are 429. */
function beginning(of: KubeClient, refusals: number): KubeClient {
  let left = refusals;
  return {
    ...of,
    list: async (resource, options, signal) => {
      if (resource !== resources.profiles || left-- <= 0) return of.list(resource, options, signal);
      const message = 'storage is (re)initializing';
      throw new KubeApiError('GET', { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 429 }, 429);
    },
  };
}

describe('a borrowed cluster', () => {
  it('is waited for while it begins to serve Profiles', async () => {
    const borrowed = await borrowCluster(beginning(kube, 2), clock);
    expect(await contents()).toContainEqual(expect.stringMatching(/^profiles\.kubeflow\.org /));
    await borrowed.giveBack();
  });

  it('goes to one of two walks that begin at once', async () => {
    const outcomes = await Promise.allSettled([borrowCluster(kube, clock), borrowCluster(kube, clock)]);
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect([won.length, lost]).toEqual([
      1,
      [
        expect.objectContaining({
          code: 'cluster-in-use',
          message: `podrole up, process ${process.pid} of host ${thisProcess().host}, walks on this cluster`,
        }),
      ],
    ]);
    await won[0]?.giveBack();
  });

  it('is cleared of what a killed walk left, its definition too, before the next one begins, and is empty after that one', async () => {
    const before = await contents();
    await walkIn(await borrowCluster(kube, clock));
    await holder({ pid: dead() });
    const next = await borrowCluster(kube, clock);
    expect(next.swept).toEqual([
      'profile/user-a',
      'namespace/user-a',
      'namespace/kubeflow',
      'customresourcedefinition/profiles.kubeflow.org',
    ]);
    await walkIn(next);
    await kube.mergePatch(resources.profiles, { name: 'user-a' }, { metadata: { finalizers: null } });
    await next.deleteProfiles();
    await next.giveBack();
    expect(await contents()).toEqual(before);
  });

  it('keeps what others made in place of the walk’s own', async () => {
    const borrowed = await borrowCluster(kube, clock);
    await walkIn(borrowed);
    await kube.delete(resources.namespaces, { name: 'kubeflow' });
    while ((await kube.find(resources.namespaces, { name: 'kubeflow' })) !== undefined)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const theirs = await kube.create(resources.namespaces, namespace('kubeflow'));
    await borrowed.own(kube).apply(resources.namespaces, namespace('kubeflow'), { fieldManager: 'podrole-setup' });
    await kube.mergePatch(resources.profiles, { name: 'user-a' }, { metadata: { finalizers: null } });
    await borrowed.deleteProfiles();
    await borrowed.giveBack();
    expect((await kube.get(resources.namespaces, { name: 'kubeflow' })).metadata.uid).toBe(theirs.metadata.uid);
    expect(await kube.find(resources.namespaces, { name: 'user-a' })).toBeUndefined();
  });

  it('keeps the definition that the walk made, and with it the Profile that somebody made meanwhile', async () => {
    const borrowed = await borrowCluster(kube, clock);
    const theirs = await kube.create(resources.profiles, profile('theirs'));
    await expect(borrowed.deleteProfiles()).rejects.toMatchObject({
      code: 'cluster-not-clean',
      message: expect.stringContaining('theirs'),
    });
    await borrowed.giveBack();
    expect((await kube.find(resources.profiles, { name: 'theirs' }))?.metadata.uid).toBe(theirs.metadata.uid);
    expect(await contents()).not.toContainEqual(expect.stringMatching(/^pod-identity-webhook /));
  });

  it('keeps the claim of another walk that took it over, and the definition that it had before', async () => {
    await kube.create(resources.customResourceDefinitions, (await shippedCrds())[0] as KubeObject);
    const borrowed = await borrowCluster(kube, clock);
    await kube.delete(resources.mutatingWebhookConfigurations, WEBHOOK);
    const theirs = await kube.create<KubeObject>(resources.mutatingWebhookConfigurations, { metadata: WEBHOOK });
    await borrowed.giveBack();
    expect((await kube.get(resources.mutatingWebhookConfigurations, WEBHOOK)).metadata.uid).toBe(theirs.metadata.uid);
    expect(await kube.find(resources.customResourceDefinitions, CRD)).toBeDefined();
  });

  it.each([
    ['a webhook that is somebody else’s', {}, 'cluster-occupied', 'which no walk of podrole made'],
    ['the claim of a walk elsewhere', { host: 'other.test', boot: 'b' }, 'cluster-in-use', 'process 7 of host other.test'],
  ])('is not taken over %s', async (_, identity, code, message) => {
    const annotations: Record<string, string> =
      'host' in identity ? { 'podrole.dev/run': 'r', 'podrole.dev/run-by': JSON.stringify({ pid: 7, ...identity }) } : {};
    await kube.create(resources.mutatingWebhookConfigurations, { metadata: { ...WEBHOOK, annotations } });
    const before = await contents();
    await expect(borrowCluster(kube, clock)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    expect(await contents()).toEqual(before);
  });

  it('is refused with a Profile in it, whoever’s, and left as it was', async () => {
    await kube.create(resources.customResourceDefinitions, (await shippedCrds())[0] as KubeObject);
    await kube.create(resources.profiles, profile('team'));
    const before = await contents();
    await expect(borrowCluster(kube, clock)).rejects.toMatchObject({
      code: 'cluster-occupied',
      message: 'the cluster already has profile/team, which the walk would change and delete',
      hint: expect.stringContaining('take a cluster without Profiles'),
    });
    expect(await contents()).toEqual(before);
  });
});
