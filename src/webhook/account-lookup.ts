import { messageOf } from '../base/errors.ts';
import { type AccountSettings, accountSettings } from './account-settings.ts';
import type { AccountState } from './binding.ts';
import { LookupError } from './errors.ts';
import { deadline } from './internal/deadline.ts';
import { expiringCache } from './internal/expiring-cache.ts';
import type { WebhookOptions } from './options.ts';
import type { WebhookDeps } from './ports.ts';

/** Answers of direct reads that are remembered at once. */
const REMEMBERED = 10_000;

type LookupDeps = Pick<WebhookDeps, 'clock' | 'serviceAccounts' | 'readServiceAccount' | 'metrics'>;

/** Finds ServiceAccounts: in the live copy at once, else by one direct read that all who wait for the same account share. */
export interface AccountLookup {
  /** At once for what is known. Rejects with LookupError. */
  find(namespace: string, name: string): AccountState | Promise<AccountState>;
  /** Resolves when the account is reported changed, after `ms`, or when the signal aborts; never rejects. */
  changed(key: string, ms: number, signal: AbortSignal): Promise<void>;
  /** To be called after the live copy changed. */
  onChange(key: string): void;
}

export function createAccountLookup(deps: LookupDeps, options: WebhookOptions): AccountLookup {
  const { clock, serviceAccounts: view, metrics } = deps;
  const recent = expiringCache<AccountState>(clock, { max: REMEMBERED, ttlMs: options.readCacheMs });
  const reading = new Map<string, Promise<AccountState>>();
  const waiting = new Map<string, Set<() => void>>();

  async function read(namespace: string, name: string): Promise<AccountState> {
    const key = `${namespace}/${name}`;
    const limit = deadline(clock, options.readTimeoutMs, 'the API server did not answer in time');
    let state: AccountState;
    try {
      const object = await limit.race(deps.readServiceAccount(namespace, name, limit.signal));
      state = object === undefined ? { exists: false } : { exists: true, settings: accountSettings(object.metadata.annotations, options) };
    } catch (error) {
      metrics.increment('podrole_admission_direct_reads_total', { outcome: 'failed' });
      throw new LookupError('ReadFailed', `service account ${key} could not be read: ${messageOf(error)}`, error);
    } finally {
      limit.cancel();
    }
    metrics.increment('podrole_admission_direct_reads_total', { outcome: state.exists ? 'found' : 'absent' });
    // The watch may have overtaken the read; what it says is newer or the same.
    const live = fromView(key);
    if (live !== undefined) return live;
    if (options.readCacheMs > 0) recent.set(key, state);
    return state;
  }

  function fromView(key: string): AccountState | undefined {
    const settings: AccountSettings | undefined = view.get(key);
    return settings !== undefined || view.has(key) ? { exists: true, settings } : undefined;
  }

  return {
    find: (namespace, name) => {
      const key = `${namespace}/${name}`;
      const known = fromView(key);
      if (known !== undefined) return known;
      metrics.increment('pod_identity_webhook_missing_sa_count');
      const remembered = recent.get(key) ?? reading.get(key);
      if (remembered !== undefined) return remembered;
      if (reading.size >= options.maxReads) {
        metrics.increment('podrole_admission_direct_reads_total', { outcome: 'refused' });
        throw new LookupError('TooManyReads', `service account ${key} was not read, ${options.maxReads} reads are under way`);
      }
      const started = read(namespace, name).finally(() => reading.delete(key));
      reading.set(key, started);
      return started;
    },
    changed: (key, ms, signal) =>
      new Promise((resolve) => {
        const waiters = waiting.get(key) ?? new Set();
        const done = (): void => {
          timer.cancel();
          signal.removeEventListener('abort', done);
          waiters.delete(done);
          if (waiters.size === 0) waiting.delete(key);
          resolve();
        };
        const timer = clock.after(ms, done);
        signal.addEventListener('abort', done, { once: true });
        waiters.add(done);
        waiting.set(key, waiters);
        if (signal.aborted) done();
      }),
    onChange: (key) => {
      recent.delete(key);
      for (const done of [...(waiting.get(key) ?? [])]) done();
    },
  };
}
