import { type Embedded, type EmbeddedOptions, openEmbedded } from '../../../src/app/embedded.ts';
import { resources } from '../../../src/kube/core/resource.ts';
import { existingCluster } from './world.ts';

const SETUP_NAMESPACE = 'kubeflow';

/** The account and the cluster that setup is tried on: the cluster is that of this run. Closing it takes setup's namespace with it. */
export async function openEmbeddedOfRun(intercept: EmbeddedOptions['intercept'] = {}): Promise<Embedded> {
  const embedded = await openEmbedded({
    account: '111122223333',
    region: 'us-west-2',
    cluster: 'demo',
    adminKey: { accessKeyId: 'test', secretAccessKey: 'test' },
    port: 0,
    awsTls: false,
    logTo: undefined,
    existing: existingCluster(),
    intercept,
  });
  const kube = embedded.sandbox.kubeClient('test');
  const isThere = async (): Promise<boolean> => (await kube.find(resources.namespaces, { name: SETUP_NAMESPACE })) !== undefined;
  return {
    ...embedded,
    close: async () => {
      if (await isThere()) await kube.delete(resources.namespaces, { name: SETUP_NAMESPACE });
      while (await isThere()) await new Promise((resolve) => setTimeout(resolve, 50));
      kube.close();
      await embedded.close();
    },
  };
}
