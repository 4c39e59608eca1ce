import { resolve } from 'node:path';
import { installCrds } from '../../../src/app/crds.ts';
import { startSandbox } from '../../../src/app/sandbox-api.ts';
import { patientList } from '../../../src/app/world/patient-list.ts';
import { systemClock } from '../../../src/host/system-clock.ts';
import { connectKube } from '../../../src/kube/client/connect.ts';
import type { KubeClient } from '../../../src/kube/client/kube-client.ts';
import { loadKubeconfig } from '../../../src/kube/client/kubeconfig.ts';
import type { KubeObject } from '../../../src/kube/core/object.ts';
import { resources } from '../../../src/kube/core/resource.ts';
import { existingCluster } from './world.ts';

/** A cluster that was there before podrole, without the Profile CRD. */
export interface BareCluster {
  readonly kubeconfig: string;
  readonly issuer: string;
  readonly kube: KubeClient;
  /** Installs the Profile CRD and waits until it is served. */
  installCrd(): Promise<void>;
  /** Names of everything that a walk might touch. */
  contents(): Promise<readonly string[]>;
  /** Removes what a test made in it, the CRD with every Profile among it. */
  close(): Promise<void>;
}

const CRD = 'profiles.kubeflow.org';
const KINDS = [resources.namespaces, resources.customResourceDefinitions, resources.mutatingWebhookConfigurations];

/** Opens the cluster of this run: a sandbox stands for one, or it is the real one. */
export async function openBareCluster(): Promise<BareCluster> {
  const existing = existingCluster();
  const sandbox = existing === undefined ? await startSandbox() : undefined;
  const kubeconfig = resolve(existing?.kubeconfig ?? sandbox?.kubeconfig ?? '');
  const clock = systemClock();
  // The file before may have installed the Profile CRD a moment ago.
  const kube = patientList(connectKube(await loadKubeconfig({ path: kubeconfig, env: {}, clock }), { userAgent: 'test' }), clock);
  const all = async (): Promise<readonly KubeObject[]> =>
    (await Promise.all(KINDS.map((kind) => kube.list(kind, {})))).flatMap(({ items }) => items);
  const contents = async (): Promise<readonly string[]> => (await all()).map(({ metadata }) => metadata.name ?? '');
  /** Nothing of before is on its way out, and there is no Profile. */
  const bare = async (): Promise<void> => {
    if ((await kube.find(resources.customResourceDefinitions, { name: CRD })) !== undefined) {
      const { items } = await kube.list(resources.profiles, {});
      for (const { metadata } of items) {
        await kube.mergePatch(
          resources.profiles,
          { name: metadata.name ?? '' },
          { metadata: { finalizers: null } },
          { fieldManager: 'test' },
        );
        await kube.delete(resources.profiles, { name: metadata.name ?? '' });
      }
      await kube.delete(resources.customResourceDefinitions, { name: CRD });
    }
    while ((await all()).some(({ metadata }) => metadata.deletionTimestamp !== undefined))
      await new Promise((done) => setTimeout(done, 20));
  };
  await bare();
  const before = new Set(await contents());
  const { issuer } = (await kube.raw('GET', '/.well-known/openid-configuration')) as { readonly issuer: string };
  return {
    kubeconfig,
    issuer,
    kube,
    installCrd: async () => {
      await installCrds(kube);
      for (;;) {
        const served = await kube.list(resources.profiles, {}).then(
          () => true,
          () => false,
        );
        if (served) return;
        await new Promise((done) => setTimeout(done, 20));
      }
    },
    contents,
    close: async () => {
      for (const { metadata } of (await kube.list(resources.namespaces, {})).items) {
        if (!before.has(metadata.name ?? '')) await kube.delete(resources.namespaces, { name: metadata.name ?? '' });
      }
      await bare();
      kube.close();
      await sandbox?.close();
    },
  };
}
