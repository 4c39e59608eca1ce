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
  /** Removes an account and tells the watchers. */
  remove(key: string): void;
  /** While it is silent, watches stay open and tell nothing: what changes meanwhile they never hear of. */
  silence(isSilent: boolean): void;
  /** Ends every watch, with an error event of this code where one is given. */
  endWatches(code?: number): void;
  /** Refuses requests for as long as it says how; `undefined`: none. */
  refuse(by: ((request: AccountsRequest) => Refusal | undefined) | undefined): void;
  /** What requests wait for before they are answered; `undefined`: nothing. */
  hold(gate: ((path: string) => Promise<void>) | undefined): void;
  close(): Promise<void>;
}

/** What a request asks for. */
export interface AccountsRequest {
  readonly verb: 'list' | 'watch' | 'get';
  /** A page after the first. */
  readonly continues: boolean;
}
export interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const PATH = /^\/api\/v1(?:\/namespaces\/([^/]+))?\/(serviceaccounts|configmaps)(?:\/([^/]+))?$/;

/** `port`: one that was used before, for an API that comes back. */
export async function startAccountsApi(initial: Accounts = new Map(), port = 0): Promise<AccountsApi> {
  const objects = new Map<string, string>();
  const watchers = new Set<ServerResponse>();
  const reads: string[] = [];
  const pages = new Map<string, string>();
  let snapshot: { readonly version: number; readonly all: readonly string[] } = { version: 0, all: [] };
  let version = 1;
  let gate: ((path: string) => Promise<void>) | undefined;
  let refusal: ((request: AccountsRequest) => Refusal | undefined) | undefined;
  let silent = false;

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

  function tell(type: string, object: string): void {
    if (silent) return;
    for (const watcher of watchers) watcher.write(`{"type":"${type}","object":${object}}\n`);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api');
    await gate?.(url.pathname);
    const [matched, namespace, plural, name] = PATH.exec(url.pathname) ?? [];
    response.setHeader('content-type', 'application/json');
    const verb = name !== undefined ? 'get' : url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
    const refused = refusal?.({ verb, continues: url.searchParams.has('continue') });
    if (refused !== undefined) {
      for (const [header, value] of Object.entries(refused.headers ?? {})) response.setHeader(header, value);
      refuse(response, refused.code, refused.reason);
    } else if (matched === undefined || plural === 'configmaps') {
      refuse(response, 404, 'NotFound');
    } else if (name !== undefined) {
      const key = `${namespace}/${name}`;
      reads.push(key);
      const found = objects.get(key);
      if (found === undefined) refuse(response, 404, 'NotFound');
      else response.end(found);
    } else if (url.searchParams.get('sendInitialEvents') === 'true') {
      refuse(response, 422, 'Invalid');
    } else if (verb === 'watch') {
      response.flushHeaders();
      watchers.add(response);
      response.once('close', () => watchers.delete(response));
    } else {
      response.end(page(Number(url.searchParams.get('limit') ?? 0), Number(url.searchParams.get('continue') ?? 0)));
    }
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port }, resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reads,
    put: (key, annotations) => {
      const type = objects.has(key) ? 'MODIFIED' : 'ADDED';
      const object = objectOf(key, annotations);
      objects.set(key, object);
      tell(type, object);
    },
    remove: (key) => {
      if (!objects.delete(key)) throw new Error(`there is no account ${key}`);
      tell('DELETED', objectOf(key, {}));
    },
    silence: (isSilent) => {
      silent = isSilent;
    },
    endWatches: (code) => {
      const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason: 'Expired', message: 'too old resource version' };
      for (const watcher of watchers) watcher.end(code === undefined ? '' : `${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    },
    refuse: (by) => {
      refusal = by;
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
