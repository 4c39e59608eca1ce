import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { SigningKey } from '../../oidc/signing-key.ts';
import type { Wanted } from './request/accept.ts';
import type { Registry } from './resources/registry.ts';
import type { ResourceType } from './resources/resource-type.ts';
import type { Store } from './store/store.ts';

/** Who sent a request. */
export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What every part of the server works with. */
export interface ApiContext {
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock;
  /** A new UUID. */
  readonly newId: () => string;
  readonly log: Log;
  /** The server's own address, such as `https://127.0.0.1:6443`. */
  readonly serverUrl: () => string;
  readonly issuer: string;
  readonly signingKey: SigningKey;
  readonly apiAudiences: readonly string[];
  readonly version: string;
}

/** A request for a resource, once it is known who asks and what the path names. */
export interface ApiRequest {
  readonly context: ApiContext;
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly wanted: Wanted;
}

/** What a verb answers: an object with its code, and the warnings that go with it. */
export interface ApiResult {
  readonly code: number;
  readonly body: unknown;
  readonly warnings?: readonly string[];
}

/** `metav1.Time` of an instant: seconds, UTC. */
export function timestamp(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
