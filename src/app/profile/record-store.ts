import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resources } from '../../kube/core/resource.ts';
import { listAll } from '../../kube/runtime/list-all.ts';
import type { RecordStore } from '../../profile/ports.ts';
import { FIELD_MANAGER } from '../../profile/profile.ts';
import { refusedAs } from './profile-store.ts';

const MANAGER = { fieldManager: FIELD_MANAGER };
const CONFIG_MAPS = resources.configMaps;

/** The records of roles: ConfigMaps of one namespace, read and written on the wire alone. */
export function recordStore(client: KubeClient, namespace: string): RecordStore {
  return {
    list: async (signal) => (await listAll(client, CONFIG_MAPS, { namespace, labelSelector: 'podrole.dev/record=role' }, signal)).items,
    read: (name, signal) => client.find(CONFIG_MAPS, { namespace, name }, signal),
    put: async (object, signal) => {
      const placed = { ...object, metadata: { ...object.metadata, namespace } };
      try {
        const written =
          object.metadata.resourceVersion === undefined
            ? await client.create(CONFIG_MAPS, placed, MANAGER, signal)
            : await client.replace(CONFIG_MAPS, placed, MANAGER, signal);
        return { kind: 'written', object: written };
      } catch (error) {
        // 404: somebody deleted it since it was read, which is as much a conflict as another version of it.
        if ([404, 409].includes(refusedAs(error))) return { kind: 'conflict' };
        throw error;
      }
    },
    delete: async (object, signal) => {
      const { name = '', uid, resourceVersion } = object.metadata;
      const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      try {
        await client.delete(CONFIG_MAPS, { namespace, name }, { preconditions }, signal);
        return 'deleted';
      } catch (error) {
        const status = refusedAs(error);
        if (status === 404) return 'deleted';
        if (status === 409) return 'conflict';
        throw error;
      }
    },
  };
}
