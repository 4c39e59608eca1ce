import { type Clock, sleep } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { type Log, silentLog } from '../../base/log.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { resources } from '../core/resource.ts';
import { LeaseKeeper } from './internal/lease-keeper.ts';
import type { Takeover } from './lease.ts';

/** A term of office, as its holder sees it. */
export interface Leadership {
  readonly identity: string;
  readonly takeover: Takeover;
  /** Whose lease had run out, when `takeover` is `expired`. */
  readonly previousHolder: string | undefined;
  /**
   * Milliseconds for which nobody else can be leader by lease time; 0 or less once lost. A lease does not fence: start a write only while
   * this is more than the write's own deadline.
   */
  remainingMs(): number;
}

/** Milliseconds; client-go's defaults are 15,000, 10,000 and 2,000. */
export interface ElectionTimes {
  readonly leaseMs: number;
  /** A leader that could not renew for this long steps down. Less than `leaseMs`. */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export interface LeaderElectionOptions {
  readonly client: Pick<KubeClient, 'find' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process, not only to its pod: a restarted process is another candidate. */
  readonly identity: string;
  readonly clock: Clock;
  /** Numbers in [0, 1), so that candidates do not come in step. */
  readonly random: () => number;
  readonly times?: ElectionTimes;
  readonly log?: Log;
  /**
   * The work of the leader. Its signal aborts when the lease is lost or the run ends; it must then settle soon, and the next campaign waits for it.
   * Returns whether the lease may be released: not while a write's outcome is unknown, since a release tells the successor that nothing is under way.
   */
  readonly lead: (leadership: Leadership, signal: AbortSignal) => Promise<{ readonly release: boolean }>;
}

const DEFAULT_TIMES: ElectionTimes = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/**
 * Campaigns for a Lease, leads while it holds it, campaigns again when it is lost, until the signal aborts. Other candidates' clocks are
 * never read: a lease has run out when its state did not change for its duration on our own monotonic clock. Rejects with what `lead` rejects with.
 */
export async function runLeaderElection(options: LeaderElectionOptions, signal: AbortSignal): Promise<void> {
  const { clock, random } = options;
  const times = options.times ?? DEFAULT_TIMES;
  const log = (options.log ?? silentLog).child({ lease: `${options.namespace}/${options.name}`, identity: options.identity });
  const keeper = new LeaseKeeper({ ...options, times, resource: resources.leases });
  const pause = (): Promise<void> => sleep(clock, times.retryMs * (1 + random() * 0.2), signal).catch(() => undefined);
  while (!signal.aborted) {
    const won = await keeper.tryAcquire(signal).catch((error: unknown) => {
      if (!signal.aborted) log.warn('campaign failed', { error: messageOf(error) });
      return undefined;
    });
    if (won === undefined) {
      await pause();
      continue;
    }
    log.info('became leader', { takeover: won.takeover, previousHolder: won.previousHolder });
    await holdOffice(options, { keeper, times, log, ...won }, signal);
    log.info('no longer leader');
    if (!signal.aborted) await pause();
  }
}

interface Office {
  readonly keeper: LeaseKeeper;
  readonly times: ElectionTimes;
  readonly log: Log;
  readonly takeover: Takeover;
  readonly previousHolder: string | undefined;
}

async function holdOffice(options: LeaderElectionOptions, office: Office, signal: AbortSignal): Promise<void> {
  const { keeper, times, log } = office;
  const { clock } = options;
  const term = new AbortController();
  const renewing = new AbortController();
  const onAbort = (): void => term.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  let lost = false;
  const leadership: Leadership = {
    identity: options.identity,
    takeover: office.takeover,
    previousHolder: office.previousHolder,
    remainingMs: () => (lost ? 0 : keeper.remainingMs()),
  };
  // The renewing goes on while the work winds down after a stop: its last writes still need the lease.
  const kept = keepRenewing(keeper, { clock, times, log }, renewing.signal).then((end) => {
    if (end !== 'lost') return;
    lost = true;
    term.abort(new Error('the lease was lost'));
  });
  try {
    const { release } = await options.lead(leadership, term.signal);
    renewing.abort();
    await kept;
    if (release && keeper.remainingMs() > 0) {
      await keeper.release().catch((error: unknown) => log.warn('lease not released', { error: messageOf(error) }));
    }
  } finally {
    renewing.abort();
    await kept;
    keeper.abandon();
    signal.removeEventListener('abort', onAbort);
  }
}

/** Renews until told to stop, or until the lease is lost. */
async function keepRenewing(
  keeper: LeaseKeeper,
  { clock, times, log }: { readonly clock: Clock; readonly times: ElectionTimes; readonly log: Log },
  signal: AbortSignal,
): Promise<'stopped' | 'lost'> {
  for (;;) {
    const pause = Math.min(times.retryMs, Math.max(0, times.renewDeadlineMs - keeper.heldForMs()));
    await sleep(clock, pause, signal).catch(() => undefined);
    if (signal.aborted) return 'stopped';
    const left = times.renewDeadlineMs - keeper.heldForMs();
    if (left <= 0) {
      log.error('lease not renewed in time');
      return 'lost';
    }
    // Half the deadline at most, so that one request that hangs leaves time for a second.
    const attempt = await within(clock, Math.min(left, times.renewDeadlineMs / 2), (inner) => keeper.renew(inner), signal);
    if (attempt === 'lost') {
      log.error('lease taken by another');
      return 'lost';
    }
    if (attempt === 'failed' && !signal.aborted) log.warn('lease not renewed', { remainingMs: Math.round(keeper.remainingMs()) });
  }
}

type Attempt = 'renewed' | 'lost' | 'failed';

/** What an attempt came to; `failed` when it rejects, does not settle within `ms`, or the signal aborts. */
function within(
  clock: Clock,
  ms: number,
  attempt: (signal: AbortSignal) => Promise<'renewed' | 'lost'>,
  signal: AbortSignal,
): Promise<Attempt> {
  return new Promise((resolve) => {
    const inner = new AbortController();
    const giveUp = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
      inner.abort(new Error('the lease renewal was given up'));
      resolve('failed');
    };
    const timer = clock.after(ms, giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    attempt(inner.signal)
      .catch((): Attempt => 'failed')
      .then((result) => {
        timer.cancel();
        signal.removeEventListener('abort', giveUp);
        resolve(result);
      });
  });
}
