import { createSecureContext } from 'node:tls';
import type { Clock } from '../../../base/clock.ts';
import type { Log } from '../../../base/log.ts';
import type { KeySet } from '../../../oidc/key-set.ts';
import type { IssuerKeysFailure } from './internal/failure.ts';
import type { Address } from './internal/fetch-document.ts';
import { type FetchedKeySet, fetchKeySet } from './internal/fetch-key-set.ts';

export type { IssuerKeysReason } from './internal/failure.ts';
export type { Address, IssuerKeysFailure };

export interface IssuerKeysOptions {
  /** Host names of issuers, in lower case, and where they listen. A host that is not here is refused; there is no DNS. */
  readonly resolve: ReadonlyMap<string, Address>;
  /** PEM of the authority that signs the issuers' certificates. */
  readonly ca: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds for each of the two documents; default 5,000, as AWS allows. */
  readonly timeoutMs?: number;
  /** Bytes of each document; default 1 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds between two fetches from one issuer, whatever the tokens name and whether or not it answers; default 30,000. */
  readonly cooldownMs?: number;
  /** Milliseconds for which keys are kept when their issuer says nothing of caching; default 600,000. */
  readonly defaultTtlMs?: number;
}

/** The keys of a set, for {@link KeySet}; or why there are none. */
export type IssuerKeysResult = { readonly ok: true; readonly keys: KeySet['keys'] } | IssuerKeysFailure;

/** Fetches and keeps the keys of issuers. */
export interface IssuerKeys {
  /**
   * The keys of `issuer`: the very same list as long as the same keys are kept. When `kid` is given and not among them, they are
   * fetched anew first, unless that was done within the cooldown. While an issuer fails, its last keys serve until their age is over.
   *
   * @throws the signal's reason when it aborts; the fetch goes on for others who wait for it.
   */
  fetchKeys(issuer: string, kid: string | undefined, signal: AbortSignal): Promise<IssuerKeysResult>;
  /** Forgets what is known of an issuer, so that the next question fetches. */
  invalidate(issuer: string): void;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_MAX_BYTES = 1024 * 1024;
const DEFAULT_COOLDOWN_MS = 30_000;
const DEFAULT_TTL_MS = 600_000;
/** However long an issuer says its keys live, they are looked at again within a day: the life of a token. */
const MAX_TTL_MS = 24 * 3600 * 1000;

/** What is known of one issuer. Times are the clock's monotonic milliseconds. */
interface Entry {
  readonly kept: { readonly keys: KeySet['keys']; readonly until: number } | undefined;
  readonly last: FetchedKeySet;
  readonly fetchedAt: number;
}

/** A fetcher of issuers' keys, with a cache of its own. */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const { resolve, clock, log, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES } = options;
  const { cooldownMs = DEFAULT_COOLDOWN_MS, defaultTtlMs = DEFAULT_TTL_MS } = options;
  const secureContext = createSecureContext({ ca: options.ca, minVersion: 'TLSv1.2' });
  const entries = new Map<string, Entry>();
  const inFlight = new Map<string, Promise<Entry>>();

  const refresh = async (issuer: string, before: Entry | undefined): Promise<Entry> => {
    const fetched = await fetchKeySet(issuer, { resolve, secureContext, clock, timeoutMs, maxBytes });
    const fetchedAt = clock.monotonic();
    if (!fetched.ok) {
      log.warn('issuer keys not fetched', { issuer, reason: fetched.reason, detail: fetched.message });
      return { kept: before?.kept, last: fetched, fetchedAt };
    }
    const ttl = Math.min(fetched.ageMs ?? defaultTtlMs, MAX_TTL_MS);
    log.info('issuer keys fetched', { issuer, keys: fetched.keys.length, ttlMs: ttl });
    return { kept: { keys: fetched.keys, until: fetchedAt + ttl }, last: fetched, fetchedAt };
  };

  const refreshOnce = (issuer: string, before: Entry | undefined): Promise<Entry> => {
    const running = inFlight.get(issuer);
    if (running !== undefined) return running;
    // Once forgotten, an answer to what was asked before must not come back.
    const isCurrent = (): boolean => inFlight.get(issuer) === started;
    const started: Promise<Entry> = refresh(issuer, before)
      .then((entry) => {
        if (isCurrent()) entries.set(issuer, entry);
        return entry;
      })
      .finally(() => {
        if (isCurrent()) inFlight.delete(issuer);
      });
    inFlight.set(issuer, started);
    return started;
  };

  return {
    fetchKeys: async (issuer, kid, signal) => {
      signal.throwIfAborted();
      const known = entries.get(issuer);
      const now = clock.monotonic();
      const fresh = known?.kept !== undefined && now < known.kept.until;
      if (fresh && (kid === undefined || hasKey(known.kept.keys, kid))) return { ok: true, keys: known.kept.keys };
      const cooling = known !== undefined && now - known.fetchedAt < cooldownMs;
      const entry = cooling ? known : await abortable(refreshOnce(issuer, known), signal);
      return answer(entry, clock.monotonic());
    },
    invalidate: (issuer) => {
      entries.delete(issuer);
      inFlight.delete(issuer);
    },
  };
}

/** Beyond their age, keys serve for the rest of the cooldown: an issuer that forbids caching would else be asked once per token. */
function answer({ kept, last }: Entry, now: number): IssuerKeysResult {
  if (kept !== undefined && now < kept.until) return { ok: true, keys: kept.keys };
  return last.ok ? { ok: true, keys: last.keys } : last;
}

function hasKey(keys: KeySet['keys'], kid: string): boolean {
  return keys.some((key) => 'kid' in key && key.kid === kid);
}

/** Stops waiting when the signal aborts; the promise itself goes on. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
