import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { type Log, silentLog } from '../../base/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { KubeObject } from '../core/object.ts';
import type { Resource } from '../core/resource.ts';
import { type Backoff, backoffMs } from './backoff.ts';
import { askedDelay } from './internal/failure.ts';
import { HandlerFault, type InformerHandlers, Replica } from './internal/replica.ts';
import { compareVersions } from './internal/resource-version.ts';
import { afterFailure, followWatch, type WatchEnd } from './internal/watch-once.ts';
import { listAll } from './list-all.ts';
import type { Indexers, ReadonlyStore } from './store.ts';

export type { InformerHandlers } from './internal/replica.ts';

export interface InformerOptions<T extends KubeObject, S> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: Resource;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly clock: Clock;
  /** Numbers in [0, 1), for jitter. */
  readonly random: () => number;
  readonly log?: Log;
  /** What to keep of an object; `undefined` keeps its key alone. Default: all of it. Must not throw for any object. */
  readonly transform?: (object: T) => S | undefined;
  readonly indexers?: Indexers<S>;
  /** Objects a page of a list; default 500. */
  readonly pageSize?: number;
  /** A stream without a sign of life for this long is taken for dead and listed anew; default 75,000. Watches are asked to end within 60 s. */
  readonly silenceMs?: number;
  /** Between failed tries; default 1 s doubling to 30 s. */
  readonly backoff?: Backoff;
}

/** For metrics, readiness and messages. */
export interface InformerState {
  readonly phase: 'idle' | 'listing' | 'watching' | 'waiting' | 'stopped';
  readonly synced: boolean;
  /** Milliseconds since the server last said anything; `undefined` before the first list. */
  readonly silentMs: number | undefined;
  /** Full lists that were taken over, the first included. */
  readonly lists: number;
  /** Watch requests that were started. */
  readonly watches: number;
  /** Tries that failed in a row. */
  readonly failures: number;
  readonly lastError: string | undefined;
  /** Objects or events that made no sense and were left out. */
  readonly malformed: number;
  /** Lists older than what was already known, which were not believed. */
  readonly staleLists: number;
}

const WATCH_SECONDS = { least: 50, spread: 10 } as const;
const MAX_STALE_LISTS = 3;

/**
 * A live copy of a collection: lossless and level-triggered. It lists, watches from the list's version, resumes a watch where it ended, and
 * lists again when the server no longer remembers (410), reports an error or falls silent. A new list replaces the copy in one step: no
 * object is missing meanwhile, and those that went while nobody watched are reported deleted. A state never goes back to an older resourceVersion.
 */
export interface Informer<S> {
  readonly store: ReadonlyStore<S>;
  /** Resolves with the first complete list. Never rejects: an API that is away is waited for. */
  readonly synced: Promise<void>;
  /** Handlers run in order, after the store has changed. A handler that throws ends `run`. Returns the way out. */
  subscribe(handlers: InformerHandlers<S>): () => void;
  state(): InformerState;
  /** Works until the signal aborts, then resolves. Call once. */
  run(signal: AbortSignal): Promise<void>;
}

export function createInformer<T extends KubeObject, S = T>(options: InformerOptions<T, S>): Informer<S> {
  const log = (options.log ?? silentLog).child({ resource: options.resource.plural });
  const { clock, random } = options;
  const backoff = options.backoff ?? { firstMs: 1_000, maxMs: 30_000 };
  const silenceMs = options.silenceMs ?? 75_000;
  const selection = {
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
  const replica = new Replica<T, S>(options.transform ?? ((object) => object as unknown as S), options.indexers ?? {});
  let announceSync: () => void = () => undefined;
  const synced = new Promise<void>((resolve) => {
    announceSync = resolve;
  });
  let phase: InformerState['phase'] = 'idle';
  let isSynced = false;
  let heardAt: number | undefined;
  let lists = 0;
  let watches = 0;
  let failures = 0;
  let staleLists = 0;
  let staleInARow = 0;
  let lastError: string | undefined;

  const heard = (): void => {
    heardAt = clock.monotonic();
  };

  async function relist(signal: AbortSignal): Promise<void> {
    phase = 'listing';
    const staging = replica.stage();
    const listing = await listAll<T, never>(
      options.client,
      options.resource,
      {
        ...selection,
        ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
        each: (item) => {
          heard();
          staging.add(item);
          return undefined;
        },
        restarted: () => staging.clear(),
      },
      signal,
    );
    heard();
    const order = compareVersions(listing.resourceVersion, replica.position);
    if (order !== undefined && order < 0 && staleInARow < MAX_STALE_LISTS) {
      // A server behind the one we heard before. Once it insists, its history was reset (a restored backup) and it is right.
      staleLists += 1;
      staleInARow += 1;
      throw new Error(`the list is of version ${listing.resourceVersion ?? ''}, older than ${replica.position ?? ''}`);
    }
    staleInARow = 0;
    lists += 1;
    staging.takeOver(listing.resourceVersion);
    if (!isSynced) {
      isSynced = true;
      announceSync();
      replica.announceSync();
    }
    log.debug('listed', { objects: replica.store.size });
  }

  async function watchOnce(signal: AbortSignal): Promise<WatchEnd> {
    phase = 'watching';
    watches += 1;
    return followWatch<T>({
      open: (inner) =>
        options.client.watch<T>(
          options.resource,
          {
            ...selection,
            ...(replica.position === undefined ? {} : { resourceVersion: replica.position }),
            allowWatchBookmarks: true,
            timeoutSeconds: WATCH_SECONDS.least + Math.floor(random() * WATCH_SECONDS.spread),
          },
          inner,
        ),
      onEvent: (event) => {
        heard();
        failures = 0;
        lastError = undefined;
        replica.take(event);
      },
      clock,
      silenceMs,
      signal,
    });
  }

  async function pause(error: unknown, signal: AbortSignal): Promise<void> {
    failures += 1;
    lastError = messageOf(error);
    const wait = Math.max(backoffMs(backoff, failures, random), askedDelay(error) ?? 0);
    log.warn('watch interrupted', { error: lastError, failures, waitMs: wait });
    phase = 'waiting';
    await sleep(clock, wait, signal);
  }

  /** listing → watching → (ended: watching | lost: listing | failed: waiting → watching or listing) → … */
  async function run(signal: AbortSignal): Promise<void> {
    let mustList = true;
    try {
      while (!signal.aborted) {
        try {
          if (mustList) {
            await relist(signal);
            mustList = false;
          }
          const end = await watchOnce(signal);
          if (end.kind === 'ended') {
            heard();
            if (end.livedMs < 1_000) await pause(new Error('the server ended the watch at once'), signal);
          } else {
            mustList = true;
            log.info('watch lost', { reason: end.reason });
            if (end.reason !== 'expired') await pause(new Error(end.message), signal);
          }
        } catch (error) {
          if (error instanceof HandlerFault) throw error.cause;
          if (signal.aborted) return;
          await pause(error, signal);
          mustList ||= afterFailure(error, failures) === 'list';
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      phase = 'stopped';
    }
  }

  return {
    store: replica.store,
    synced,
    subscribe: (handlers) => replica.subscribe(handlers),
    run,
    state: () => ({
      phase,
      synced: isSynced,
      silentMs: heardAt === undefined ? undefined : clock.monotonic() - heardAt,
      lists,
      watches,
      failures,
      lastError,
      malformed: replica.malformed,
      staleLists,
    }),
  };
}
