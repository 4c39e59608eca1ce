import { randomBytes } from 'node:crypto';
import { httpsFetch } from '../../src/kube/client/https-fetch.ts';
import { resources } from '../../src/kube/core/resource.ts';
import type { World } from '../support/worlds/world.ts';
import type { Place } from './differences.ts';

/** A place of its own in a world. */
export async function openPlace(world: World): Promise<Place & { close(): Promise<void> }> {
  const kube = world.kubeClient();
  const namespace = `differences-${randomBytes(3).toString('hex')}`;
  await kube.create(resources.namespaces, { metadata: { name: namespace } });
  while ((await kube.find(resources.serviceAccounts, { namespace, name: 'default' })) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { server, tls, token: adminToken } = world.credentials;
  const asAdmin = httpsFetch(tls);
  const asAnybody = world.anonymousFetch();
  return {
    world,
    kube,
    namespace,
    ask: async (path, { method = 'GET', body, headers = {}, token } = {}) => {
      const bearer = token ?? (await adminToken?.({ fresh: false }));
      const request = new Request(`${server}${path}`, {
        method,
        headers: {
          'user-agent': 'podrole-suite/1',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer = await (token === undefined ? asAdmin : asAnybody)(request);
      return {
        status: answer.status,
        type: answer.headers.get('content-type') ?? '',
        warning: answer.headers.get('warning') ?? '',
        text: await answer.text(),
      };
    },
    close: async () => {
      await kube.delete(resources.namespaces, { name: namespace });
      asAdmin.close();
      asAnybody.close();
      kube.close();
      await world.close();
    },
  };
}
