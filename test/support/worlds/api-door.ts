import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listen } from '../../../src/host/listen.ts';
import type { KubeCredentials } from '../../../src/kube/client/credentials.ts';
import { httpsFetch } from '../../../src/kube/client/https-fetch.ts';

type Handler = (request: Request) => Promise<Response>;

/** Plain HTTP on loopback before any API server; whoever comes through is the administrator. */
export interface ApiDoor {
  readonly url: string;
  /** Writes a kubeconfig that leads through it into a folder and answers its path. */
  kubeconfig(folder: string): Promise<string>;
  close(): Promise<void>;
}

/** Opens a door; `between` stands in it and may hold back, change or refuse what passes. */
export async function openApiDoor(credentials: KubeCredentials, between: (next: Handler) => Handler = (next) => next): Promise<ApiDoor> {
  const beyond = httpsFetch(credentials.tls);
  const next: Handler = async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete('host');
    const token = await credentials.token?.({ fresh: false });
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const body = request.method === 'GET' ? undefined : await request.text();
    const init = { method: request.method, headers, signal: request.signal, ...(body ? { body } : {}) };
    return beyond(new Request(credentials.server + pathname + search, init));
  };
  const listener = await listen({ port: 0, handler: between(next) });
  return {
    url: listener.url,
    kubeconfig: async (folder) => {
      const file = join(folder, 'door.kubeconfig');
      const named = { name: 'door', cluster: { server: listener.url }, context: { cluster: 'door', user: 'door' }, user: {} };
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'door',
        contexts: [named],
        clusters: [named],
        users: [named],
      };
      await writeFile(file, JSON.stringify(config));
      return file;
    },
    close: async () => {
      await listener.close(0);
      beyond.close();
    },
  };
}
