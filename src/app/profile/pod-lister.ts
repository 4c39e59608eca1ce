import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resources } from '../../kube/core/resource.ts';
import type { PodLister } from '../../profile/ports.ts';
import type { RunningPod } from '../../profile/stale-pods.ts';

/** One page: who runs more pods than this under one account learns of these, and of the rest when these are mended. */
const MOST = 500;

/** Pods over the client's wire, those alone that one service account runs and that have not ended. */
export function podLister(client: KubeClient): PodLister {
  return {
    list: async ({ namespace, serviceAccount }, signal) => {
      const fieldSelector = `spec.serviceAccountName=${serviceAccount},status.phase!=Succeeded,status.phase!=Failed`;
      const page = await client.list<RunningPod>(resources.pods, { namespace, fieldSelector, limit: MOST }, signal);
      return { pods: page.items, more: (page.metadata.continue ?? '') !== '' };
    },
  };
}
