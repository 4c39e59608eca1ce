import type { KubeClient, ListOptions } from '../client/kube-client.ts';
import type { KubeObject } from '../core/object.ts';
import type { Resource } from '../core/resource.ts';
import { isGone } from './internal/failure.ts';

export interface ListAllOptions extends Omit<ListOptions, 'limit' | 'continue'> {
  /** Objects a page; default 500. */
  readonly pageSize?: number;
}

/** A whole collection as of one resourceVersion. */
export interface Listing<T> {
  readonly resourceVersion: string | undefined;
  readonly items: readonly T[];
}

export interface PageHooks<T, S> {
  /** Called for every item; says what to keep of it, so that a large list never stands whole in memory. Default: all of it. */
  readonly each?: (item: T) => S | undefined;
  /** What was seen so far is void: the list begins anew. */
  readonly restarted?: () => void;
}

const MAX_RESTARTS = 3;

/**
 * Every object of a collection, page by page. When the server forgets the list's version under way (410) it starts again from the first
 * page, three times at most. Rejects as `KubeClient.list`.
 */
export async function listAll<T extends KubeObject, S = T>(
  client: Pick<KubeClient, 'list'>,
  resource: Resource,
  options: ListAllOptions & PageHooks<T, S>,
  signal?: AbortSignal,
): Promise<Listing<S>> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await onePass<T, S>(client, resource, options, signal);
    } catch (error) {
      if (!isGone(error) || restarts >= MAX_RESTARTS) throw error;
      options.restarted?.();
    }
  }
}

async function onePass<T extends KubeObject, S>(
  client: Pick<KubeClient, 'list'>,
  resource: Resource,
  options: ListAllOptions & PageHooks<T, S>,
  signal?: AbortSignal,
): Promise<Listing<S>> {
  const { pageSize = 500, each, restarted: _, ...listing } = options;
  const items: S[] = [];
  let resourceVersion: string | undefined;
  let token: string | undefined;
  do {
    // A continue token carries its own version: the server refuses both at once.
    const { resourceVersion: from, ...rest } = listing;
    const page = await client.list<T>(
      resource,
      { ...rest, limit: pageSize, ...(token === undefined ? (from === undefined ? {} : { resourceVersion: from }) : { continue: token }) },
      signal,
    );
    for (const item of page.items) {
      const kept = each ? each(item) : (item as unknown as S);
      if (kept !== undefined) items.push(kept);
    }
    resourceVersion ??= page.metadata.resourceVersion;
    token = page.metadata.continue || undefined;
  } while (token !== undefined);
  return { resourceVersion, items };
}
