import type { KubeList, KubeObject } from '../core/object.ts';
import type { Resource, ResourceTarget } from '../core/resource.ts';
import type { WatchEvent } from '../core/watch-event.ts';

/** Options of a write that Kubernetes understands on every verb. */
export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take over fields that another manager owns. Default false: a conflict is `KubeApiError` 409. */
  readonly force?: boolean;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  /** Seconds after which the server ends the watch cleanly. */
  readonly timeoutSeconds?: number;
}

export interface DeleteOptions extends WriteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

/** The server's answer to a token request: the token and when it ends. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface TokenOptions {
  readonly audiences: readonly string[];
  /** Seconds; the server's floor is 600. */
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: { readonly kind: string; readonly apiVersion: string; readonly name: string; readonly uid?: string };
}

/**
 * A Kubernetes API as JSON over HTTPS. Unknown fields survive in both directions. Every method rejects with
 * `KubeApiError` for a refusal (the Status is its `status`), `KubeTransportError` for a connection that failed
 * or timed out, and the signal's reason when aborted.
 */
export interface KubeClient {
  get<T extends KubeObject>(resource: Resource, target: ResourceTarget, signal?: AbortSignal): Promise<T>;
  /** As `get`, but a 404 is `undefined`. */
  find<T extends KubeObject>(resource: Resource, target: ResourceTarget, signal?: AbortSignal): Promise<T | undefined>;
  /** One page. */
  list<T extends KubeObject>(resource: Resource, options: ListOptions, signal?: AbortSignal): Promise<KubeList<T>>;
  create<T extends KubeObject>(resource: Resource, object: T, options?: WriteOptions, signal?: AbortSignal): Promise<T>;
  /** PUT: conditional when the object carries a resourceVersion. */
  replace<T extends KubeObject>(
    resource: Resource,
    object: T,
    options?: WriteOptions & { readonly subresource?: string },
    signal?: AbortSignal,
  ): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject>(
    resource: Resource,
    object: T,
    options: ApplyOptions & { readonly subresource?: string },
    signal?: AbortSignal,
  ): Promise<T>;
  mergePatch<T extends KubeObject>(
    resource: Resource,
    target: ResourceTarget,
    patch: unknown,
    options?: WriteOptions,
    signal?: AbortSignal,
  ): Promise<T>;
  jsonPatch<T extends KubeObject>(
    resource: Resource,
    target: ResourceTarget,
    patch: readonly unknown[],
    options?: WriteOptions,
    signal?: AbortSignal,
  ): Promise<T>;
  delete(resource: Resource, target: ResourceTarget, options?: DeleteOptions, signal?: AbortSignal): Promise<void>;
  /** The events of one watch request. Ends when the server ends it; rejects as above. An `ERROR` event is yielded, not thrown. */
  watch<T extends KubeObject>(resource: Resource, options: WatchOptions, signal?: AbortSignal): AsyncIterable<WatchEvent<T>>;
  createToken(
    serviceAccount: { readonly namespace: string; readonly name: string },
    options: TokenOptions,
    signal?: AbortSignal,
  ): Promise<IssuedToken>;
  /** Any other path, as parsed JSON. */
  raw(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown>;
  /** Gives up idle connections. */
  close(): void;
}
