import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** A server behind the forwarder: where it listens, and where it says whether it is ready. */
export interface Backend {
  readonly port: number;
  readonly readyUrl: string;
}

/** What a Service is to its replicas: bytes to and fro, new connections to those that are ready alone. */
export interface ReadyForwarder {
  readonly port: number;
  add(backend: Backend): void;
  remove(backend: Backend): void;
  /** How many are ready. */
  ready(): number;
  close(): Promise<void>;
}

const LOOK_MS = 50;

export async function startReadyForwarder(): Promise<ReadyForwarder> {
  const backends = new Map<Backend, boolean>();
  const sockets = new Set<Socket>();
  let turn = 0;
  const ready = (): Backend[] => [...backends].flatMap(([backend, isReady]) => (isReady ? [backend] : []));
  const look = async (): Promise<void> => {
    for (const backend of backends.keys()) {
      const isReady = await fetch(backend.readyUrl).then(
        async (answer) => {
          await answer.text();
          return answer.ok;
        },
        () => false,
      );
      if (backends.has(backend)) backends.set(backend, isReady);
    }
  };
  let closed = false;
  const following = (async () => {
    while (!closed) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  const server = createServer((client) => {
    turn += 1;
    const all = ready();
    const chosen = all[turn % Math.max(1, all.length)];
    if (chosen === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: '127.0.0.1', port: chosen.port });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => sockets.delete(one));
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    add: (backend) => void backends.set(backend, false),
    remove: (backend) => void backends.delete(backend),
    ready: () => ready().length,
    close: async () => {
      closed = true;
      await following;
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
