import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A ServiceAccount's annotations by `namespace/name`. */
export type Accounts = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** As much of a Kubernetes API as the webhook reads: plain HTTP, ServiceAccounts paged, watched and single, and no ConfigMap. */
export interface AccountsApi {
  readonly url: string;
  /** Reads of single accounts, in order. */
  readonly reads: readonly string[];
  /** Adds or changes an account and tells the watchers. */
  put(key: string, annotations: Readonly<Record<string, string>>): void;
  /** What requests wait for before they are answered; `undefined`: nothing. */
  hold(gate: ((path: string) => Promise<void>) | undefined): void;
  close(): Promise<void>;
}

const PATH = /^\/api\/v1(?:\/namespaces\/([^/]+))?\/(serviceaccounts|configmaps)(?:\/([^/]+))?$/;

export async function startAccountsApi(initial: Accounts = new Map()): Promise<AccountsApi> {
  const objects = new Map<string, string>();
  const watchers = new Set<ServerResponse>();
  const reads: string[] = [];
  const pages = new Map<string, string>();
  let snapshot: { readonly version: number; readonly all: readonly string[] } = { version: 0, all: [] };
  let version = 1;
  let gate: ((path: string) => Promise<void>) | undefined;

  const objectOf = (key: string, annotations: Readonly<Record<string, string>>): string => {
    const [namespace, name] = key.split('/');
    version += 1;
    const metadata = { name, namespace, uid: `uid-${version}`, resourceVersion: String(version), annotations };
    return JSON.stringify({ kind: 'ServiceAccount', apiVersion: 'v1', metadata });
  };
  for (const [key, annotations] of initial) objects.set(key, objectOf(key, annotations));

  /** Pages are kept, so that a large list costs the reader's time and not this process's. */
  function page(limit: number, from: number): string {
    const id = `${limit}/${from}/${version}`;
    const kept = pages.get(id);
    if (kept !== undefined) return kept;
    if (snapshot.version !== version) snapshot = { version, all: [...objects.values()] };
    const { all } = snapshot;
    const items = limit > 0 ? all.slice(from, from + limit) : all.slice(from);
    const rest = all.length - from - items.length;
    const metadata = {
      resourceVersion: String(version),
      ...(rest > 0 ? { continue: String(from + items.length), remainingItemCount: rest } : {}),
    };
    const text = `{"kind":"ServiceAccountList","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`;
    pages.set(id, text);
    return text;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api');
    await gate?.(url.pathname);
    const [matched, namespace, plural, name] = PATH.exec(url.pathname) ?? [];
    response.setHeader('content-type', 'application/json');
    if (matched === undefined || plural === 'configmaps') {
      refuse(response, 404, 'NotFound');
    } else if (name !== undefined) {
      const key = `${namespace}/${name}`;
      reads.push(key);
      const found = objects.get(key);
      if (found === undefined) refuse(response, 404, 'NotFound');
      else response.end(found);
    } else if (url.searchParams.get('sendInitialEvents') === 'true') {
      refuse(response, 422, 'Invalid');
    } else if (url.searchParams.get('watch') === 'true') {
      response.flushHeaders();
      watchers.add(response);
      response.once('close', () => watchers.delete(response));
    } else {
      response.end(page(Number(url.searchParams.get('limit') ?? 0), Number(url.searchParams.get('continue') ?? 0)));
    }
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reads,
    put: (key, annotations) => {
      const type = objects.has(key) ? 'MODIFIED' : 'ADDED';
      const object = objectOf(key, annotations);
      objects.set(key, object);
      for (const watcher of watchers) watcher.write(`{"type":"${type}","object":${object}}\n`);
    },
    hold: (next) => {
      gate = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  response.statusCode = code;
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason }));
}
