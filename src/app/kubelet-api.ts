import type { KubeClient } from '../kube/client/kube-client.ts';
import { resources } from '../kube/core/resource.ts';
import type { Pod } from '../sandbox/kubelet/pod.ts';
import type { KubeletApi } from '../sandbox/kubelet/volumes.ts';

/** What a kubelet asks of the API server, over the client's wire. */
export function kubeletApi(client: KubeClient): KubeletApi {
  return {
    getPod: async (target, signal) => (await client.find(resources.pods, target, signal)) as Pod | undefined,
    requestToken: ({ pod, audience, expirationSeconds }, signal) =>
      client.createToken(
        { namespace: pod.metadata.namespace, name: pod.spec.serviceAccountName ?? 'default' },
        {
          audiences: audience === undefined ? [] : [audience],
          ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
          boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: pod.metadata.name, uid: pod.metadata.uid },
        },
        signal,
      ),
    readConfigMap: async (target, signal) => {
      const map = await client.get(resources.configMaps, target, signal);
      return (map.data ?? {}) as Readonly<Record<string, string>>;
    },
    setPodStatus: async (pod, status, signal) => {
      const { namespace, name } = pod.metadata;
      await client.mergePatch(resources.pods, { namespace, name, subresource: 'status' }, { status }, { fieldManager: 'kubelet' }, signal);
    },
  };
}
