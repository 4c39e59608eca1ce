import type { Clock } from '../../../base/clock.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Resource } from '../../core/resource.ts';
import { claimedLease, type Lease, readLease, releasedLease, type Takeover } from '../lease.ts';
import { statusOf } from './failure.ts';

export interface LeaseKeeperOptions {
  readonly client: Pick<KubeClient, 'find' | 'create' | 'replace'>;
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly clock: Clock;
  readonly times: { readonly leaseMs: number };
}

export interface Won {
  readonly takeover: Takeover;
  readonly previousHolder: string | undefined;
}

interface Observed {
  readonly state: string;
  readonly at: number;
}

/** One candidate's dealings with the Lease object: observe, claim, renew, release. Knows nothing of terms of office. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  #observed: Observed | undefined;
  /** What we saw when we last tried to claim: should the answer get lost, the lease shows our name and this tells how we came by it. */
  #claiming: Won | undefined;
  #lease: Lease | undefined;
  #renewedAt: number | undefined;
  /** Grows with every term, so that an answer that comes after its term changes nothing. */
  #term = 0;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** Milliseconds until another may take the lease, counted from the *start* of the renewal that succeeded last. */
  remainingMs(): number {
    return this.#renewedAt === undefined ? 0 : this.#renewedAt + this.#options.times.leaseMs - this.#options.clock.monotonic();
  }

  /** Milliseconds since the start of the last successful renewal. */
  heldForMs(): number {
    return this.#renewedAt === undefined ? Number.POSITIVE_INFINITY : this.#options.clock.monotonic() - this.#renewedAt;
  }

  /** One look and, if the lease can be had, one claim. `undefined`: it cannot. */
  async tryAcquire(signal: AbortSignal): Promise<Won | undefined> {
    const lease = await this.#read(signal);
    const won = this.#mayClaim(lease);
    if (won === undefined) return undefined;
    this.#claiming = won;
    const claimed = await this.#write(lease, signal);
    if (!claimed) return undefined;
    this.#claiming = undefined;
    return won;
  }

  /** `lost` when another holds it. Rejects when the server does not say. */
  async renew(signal: AbortSignal): Promise<'renewed' | 'lost'> {
    if (await this.#write(this.#lease, signal)) return 'renewed';
    // A conflict: somebody wrote, or our own last write had arrived after all.
    const lease = await this.#read(signal);
    const verdict = readLease(lease, this.#options.identity, this.#options.times.leaseMs);
    // Released, but not by us: another has had it meanwhile. Deleted: ours to put back.
    if (verdict.kind === 'held' || (verdict.kind === 'free' && lease !== undefined)) return 'lost';
    return (await this.#write(lease, signal)) ? 'renewed' : 'lost';
  }

  /** Hands the lease on. Rejects when that did not reach the server: it then runs out by itself. */
  async release(): Promise<void> {
    const lease = this.#lease;
    this.abandon();
    if (lease === undefined) return;
    const { client, resource, clock } = this.#options;
    await client.replace(resource, releasedLease(lease, clock.now()));
  }

  /** Forgets that it is ours. */
  abandon(): void {
    this.#lease = undefined;
    this.#renewedAt = undefined;
    this.#observed = undefined;
    this.#term += 1;
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, resource, namespace, name } = this.#options;
    return client.find<Lease>(resource, { namespace, name }, signal);
  }

  #mayClaim(lease: Lease | undefined): Won | undefined {
    const { identity, times, clock } = this.#options;
    const verdict = readLease(lease, identity, times.leaseMs);
    if (verdict.kind === 'free') return { takeover: verdict.how, previousHolder: undefined };
    // Ours without our doing: a former life under the same name, whose last writes may still be on their way.
    if (verdict.kind === 'own') return this.#claiming ?? { takeover: 'expired', previousHolder: identity };
    const state = JSON.stringify([lease?.metadata.uid, lease?.metadata.resourceVersion, lease?.spec]);
    const now = clock.monotonic();
    if (this.#observed?.state !== state) this.#observed = { state, at: now };
    return now - this.#observed.at >= verdict.durationMs ? { takeover: 'expired', previousHolder: verdict.holder } : undefined;
  }

  /** `false`: the state it was based on is no longer the server's. */
  async #write(lease: Lease | undefined, signal: AbortSignal): Promise<boolean> {
    const { client, resource, namespace, name, identity, clock, times } = this.#options;
    const startedAt = clock.monotonic();
    const term = this.#term;
    const claim = claimedLease(lease, { namespace, name, identity, now: clock.now(), durationMs: times.leaseMs });
    try {
      const written =
        lease === undefined ? await client.create(resource, claim, {}, signal) : await client.replace(resource, claim, {}, signal);
      if (term !== this.#term) return false;
      this.#lease = written;
      this.#renewedAt = startedAt;
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status === 409 || status === 404) return false;
      throw error;
    }
  }
}
