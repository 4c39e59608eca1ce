import type { KubeList, KubeObject } from '../core/object.ts';
import { apiVersionOf, type Resource, type ResourceTarget, resourcePath, resources } from '../core/resource.ts';
import type { WatchEvent } from '../core/watch-event.ts';
import { KubeApiError, KubeTransportError } from './errors.ts';
import type { Fetch } from './https-fetch.ts';
import { type Deadline, startDeadline } from './internal/deadline.ts';
import { refusalOf } from './internal/refusal.ts';
import { warningsIn } from './internal/warnings.ts';
import { watchEvents } from './internal/watch-lines.ts';
import type { DeleteOptions, KubeClient, ListOptions, WatchOptions, WriteOptions } from './kube-client.ts';

/**
 * The bearer token to send, or none. `fresh`: the last one was refused (401), so read or fetch it anew.
 * Called for every request: keep what is costly.
 */
export type TokenProvider = (options: { readonly fresh: boolean }, signal?: AbortSignal) => Promise<string | undefined>;

export interface KubeClientOptions {
  /** Base URL of the API server. */
  readonly server: string;
  readonly fetch: Fetch & { close?(): void };
  /** `name/version`; the API server takes the name as field manager of plain writes. */
  readonly userAgent: string;
  readonly token?: TokenProvider;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds from request to the end of the answer, for a watch to its first byte. Default 15,000. */
  readonly timeoutMs?: number;
  /** What the server says in `Warning` headers: admission warnings, unknown fields, deprecations. */
  readonly onWarning?: (warnings: readonly string[], request: string) => void;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
}

/** A client of one API server. It never retries, but for one fresh token after a 401: what may be repeated is the caller's to know. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  const base = options.server.replace(/\/+$/, '');
  const timeoutMs = options.timeoutMs ?? 15_000;

  async function exchange(call: Call, deadline: Deadline): Promise<Response> {
    const { signal } = deadline;
    const token = await options.token?.({ fresh: false }, signal);
    signal.throwIfAborted();
    const response = await options.fetch(deadline.hold(requestOf(call, token, signal)));
    if (response.status !== 401 || !options.token) return response;
    const renewed = await options.token({ fresh: true }, signal);
    if (renewed === undefined || renewed === token) return response;
    await response.body?.cancel();
    return options.fetch(deadline.hold(requestOf(call, renewed, signal)));
  }

  function requestOf(call: Call, token: string | undefined, signal: AbortSignal): Request {
    const headers: Record<string, string> = {
      ...options.headers,
      accept: call.accept ?? 'application/json',
      'user-agent': options.userAgent,
    };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
    return new Request(base + call.path + queryOf(call.query), {
      method: call.method,
      headers,
      signal,
      redirect: 'manual',
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  }

  function warn(response: Response, name: string): void {
    const header = response.headers.get('warning');
    if (header !== null) options.onWarning?.(warningsIn(header), name);
  }

  async function send(call: Call, signal?: AbortSignal): Promise<unknown> {
    const name = `${call.method} ${call.path}`;
    const deadline = startDeadline(timeoutMs, signal);
    try {
      const response = await exchange(call, deadline);
      warn(response, name);
      if (!response.ok) throw await refusalOf(name, response);
      const text = await response.text();
      const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
      return isJson || call.accept === undefined ? JSON.parse(text) : text;
    } catch (error) {
      if (error instanceof KubeApiError) throw error;
      if (signal?.aborted) throw signal.reason;
      throw new KubeTransportError(name, error);
    } finally {
      deadline.end();
    }
  }

  async function* watch<T extends KubeObject>(
    resource: Resource,
    watching: WatchOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const call: Call = { method: 'GET', path: resourcePath(resource, { namespace: watching.namespace }), query: watchQuery(watching) };
    const name = `WATCH ${call.path}`;
    const deadline = startDeadline(timeoutMs, signal);
    try {
      const response = await exchange(call, deadline);
      warn(response, name);
      if (!response.ok) throw await refusalOf(name, response);
      deadline.stopTimer();
      if (response.body) yield* watchEvents<T>(response.body as unknown as AsyncIterable<Uint8Array>);
    } catch (error) {
      if (error instanceof KubeApiError) throw error;
      if (signal?.aborted) throw signal.reason;
      throw new KubeTransportError(name, error);
    } finally {
      deadline.end();
    }
  }

  const get = async <T extends KubeObject>(resource: Resource, target: ResourceTarget, signal?: AbortSignal): Promise<T> =>
    (await send({ method: 'GET', path: resourcePath(resource, target) }, signal)) as T;

  const patch = async <T extends KubeObject>(
    resource: Resource,
    target: ResourceTarget,
    how: { contentType: string; body: unknown; query: Call['query'] },
    signal?: AbortSignal,
  ): Promise<T> =>
    (await send(
      {
        method: 'PATCH',
        path: resourcePath(resource, target),
        body: how.body,
        contentType: how.contentType,
        ...(how.query && { query: how.query }),
      },
      signal,
    )) as T;

  return {
    get,
    find: async <T extends KubeObject>(resource: Resource, target: ResourceTarget, signal?: AbortSignal) => {
      try {
        return await get<T>(resource, target, signal);
      } catch (error) {
        if (error instanceof KubeApiError && error.httpStatus === 404) return undefined;
        throw error;
      }
    },
    list: async <T extends KubeObject>(resource: Resource, listing: ListOptions, signal?: AbortSignal) =>
      (await send(
        { method: 'GET', path: resourcePath(resource, { namespace: listing.namespace }), query: listQuery(listing) },
        signal,
      )) as KubeList<T>,
    create: async <T extends KubeObject>(resource: Resource, object: T, writing: WriteOptions = {}, signal?: AbortSignal) =>
      (await send(
        {
          method: 'POST',
          path: resourcePath(resource, { namespace: object.metadata.namespace }),
          query: writeQuery(writing),
          body: typed(resource, object),
        },
        signal,
      )) as T,
    replace: async <T extends KubeObject>(
      resource: Resource,
      object: T,
      writing: WriteOptions & { readonly subresource?: string } = {},
      signal?: AbortSignal,
    ) =>
      (await send(
        {
          method: 'PUT',
          path: resourcePath(resource, targetOf(object, writing.subresource)),
          query: writeQuery(writing),
          body: typed(resource, object),
        },
        signal,
      )) as T,
    apply: (resource, object, applying, signal) =>
      patch(
        resource,
        targetOf(object, applying.subresource),
        {
          contentType: 'application/apply-patch+yaml',
          body: typed(resource, object),
          query: { ...writeQuery(applying), force: applying.force ? true : undefined },
        },
        signal,
      ),
    mergePatch: (resource, target, body, writing, signal) =>
      patch(resource, target, { contentType: 'application/merge-patch+json', body, query: writeQuery(writing) }, signal),
    jsonPatch: (resource, target, body, writing, signal) =>
      patch(resource, target, { contentType: 'application/json-patch+json', body, query: writeQuery(writing) }, signal),
    delete: async (resource, target, deleting = {}, signal) => {
      await send({ method: 'DELETE', path: resourcePath(resource, target), query: writeQuery(deleting), ...deleteBody(deleting) }, signal);
    },
    watch,
    createToken: async (account, asking, signal) => {
      const path = resourcePath(resources.serviceAccounts, { ...account, subresource: 'token' });
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: asking };
      const answer = (await send({ method: 'POST', path, body }, signal)) as {
        readonly status: { readonly token: string; readonly expirationTimestamp: string };
      };
      return { token: answer.status.token, expiresAt: new Date(answer.status.expirationTimestamp) };
    },
    raw: (method, path, body, signal) => send({ method, path, body, accept: 'application/json, */*' }, signal),
    close: () => options.fetch.close?.(),
  };
}

/** Objects out of a built-in list carry neither; the API wants both on a write. */
function typed<T extends KubeObject>(resource: Resource, object: T): T {
  return { ...object, apiVersion: object.apiVersion ?? apiVersionOf(resource), kind: object.kind ?? resource.kind };
}

function targetOf(object: KubeObject, subresource: string | undefined): ResourceTarget {
  return { namespace: object.metadata.namespace, name: object.metadata.name, subresource };
}

function writeQuery(writing: WriteOptions = {}): NonNullable<Call['query']> {
  return { fieldManager: writing.fieldManager, dryRun: writing.dryRun ? 'All' : undefined };
}

function listQuery(listing: ListOptions): NonNullable<Call['query']> {
  const { namespace: _, ...query } = listing;
  return query;
}

function watchQuery(watching: WatchOptions): NonNullable<Call['query']> {
  const { namespace: _, ...query } = watching;
  return { watch: true, ...query, resourceVersionMatch: watching.sendInitialEvents ? 'NotOlderThan' : undefined };
}

/** Where there is a body, the server reads no option from the query. */
function deleteBody(deleting: DeleteOptions): { readonly body?: unknown } {
  const { preconditions, propagationPolicy, gracePeriodSeconds } = deleting;
  if (preconditions === undefined && propagationPolicy === undefined && gracePeriodSeconds === undefined) return {};
  const dryRun = deleting.dryRun ? { dryRun: ['All'] } : {};
  return { body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy, gracePeriodSeconds, ...dryRun } };
}

function queryOf(query: Call['query'] = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') pairs.set(name, String(value));
  const text = pairs.toString();
  return text === '' ? '' : `?${text}`;
}
