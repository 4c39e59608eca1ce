import { createServer, request as plainRequest } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubeCredentials } from '../src/kube/client/credentials.ts';

/** Requests of the measured controller by what they did: `PATCH profiles/status`, `GetRole`. */
export type Tally = Map<string, number>;

export const count = (tally: Tally, key: string): unknown => tally.set(key, (tally.get(key) ?? 0) + 1);

/** A plain door to an API server that counts who passes. It hands bytes on as they come: what is measured shares the machine with it. */
export interface CountingDoor {
  readonly url: string;
  close(): Promise<void>;
}

/** `tally` gets every request; the credentials are added on the way. */
export async function openCountingDoor(credentials: KubeCredentials, tally: Tally): Promise<CountingDoor> {
  const { ca, cert, key } = credentials.tls;
  const agent = new Agent({
    keepAlive: true,
    scheduling: 'lifo',
    ...Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, value]) => value !== undefined)),
  });
  const server = createServer(async (incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', credentials.server);
    count(tally, `${incoming.method} ${whatOf(url)}`);
    const token = await credentials.token?.({ fresh: false });
    const { host: _, connection: __, ...headers } = incoming.headers;
    const options = { method: incoming.method, headers: token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` } };
    const onward = url.protocol === 'https:' ? tlsRequest(url, { ...options, agent }) : plainRequest(url, options);
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      // A watch of a quiet collection is open long before its first byte.
      outgoing.flushHeaders();
      answer.on('error', () => outgoing.destroy());
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.keepAliveTimeout = 95_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}

/** `profiles/status`, `namespaces`; a watch and a list are told apart from a read of one object. */
function whatOf(url: URL): string {
  const parts = url.pathname.split('/').filter(Boolean);
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  const path = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  const [resource = url.pathname, name, subresource] = path;
  const verb = url.searchParams.get('watch') ? ' watch' : name === undefined ? ' list' : '';
  return `${resource}${subresource === undefined ? '' : `/${subresource}`}${verb}`;
}
