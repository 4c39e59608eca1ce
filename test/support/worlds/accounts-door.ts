import type { KubeObject } from '../../../src/kube/core/object.ts';
import { resources } from '../../../src/kube/core/resource.ts';
import { openApiDoor } from './api-door.ts';
import type { World } from './world.ts';

/** ServiceAccounts of a world, and plain HTTP before its API server, as a webhook's `--kube-api` names it. */
export interface AccountsDoor {
  readonly url: string;
  /** Reads of single accounts, as `namespace/name`, in order. */
  readonly reads: readonly string[];
  /** Makes an account, or gives it these annotations and no others. */
  put(key: string, annotations: Readonly<Record<string, string>>): Promise<void>;
  /** What requests wait for before they are handed on; `undefined`: nothing. */
  hold(gate: ((path: string) => Promise<void>) | undefined): void;
  /** Shuts the door and deletes the accounts; twice is fine. */
  close(): Promise<void>;
}

const SINGLE = /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)$/;

export async function openAccountsDoor(world: World): Promise<AccountsDoor> {
  const kube = world.kubeClient();
  const made = new Set<string>();
  const reads: string[] = [];
  let gate: ((path: string) => Promise<void>) | undefined;
  const door = await openApiDoor(world.credentials, (next) => async (request) => {
    const { pathname } = new URL(request.url);
    await gate?.(pathname);
    const [, namespace, name] = SINGLE.exec(pathname) ?? [];
    if (request.method === 'GET' && name !== undefined) reads.push(`${namespace}/${name}`);
    return next(request);
  });
  let closing: Promise<void> | undefined;
  return {
    url: door.url,
    reads,
    put: async (key, annotations) => {
      const [namespace = '', name = ''] = key.split('/');
      if (!made.has(key)) {
        made.add(key);
        await kube.create(resources.serviceAccounts, { metadata: { namespace, name, annotations } });
        return;
      }
      const old = await kube.get<KubeObject>(resources.serviceAccounts, { namespace, name });
      await kube.replace(resources.serviceAccounts, { ...old, metadata: { ...old.metadata, annotations } });
    },
    hold: (next) => {
      gate = next;
    },
    close: () => {
      closing ??= (async () => {
        await door.close();
        for (const key of made) {
          const [namespace = '', name = ''] = key.split('/');
          await kube.delete(resources.serviceAccounts, { namespace, name });
        }
        kube.close();
      })();
      return closing;
    },
  };
}
