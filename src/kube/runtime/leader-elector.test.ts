import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { KubeApiError, KubeTransportError } from '../client/errors.ts';
import { runLeaderElection } from './leader-elector.ts';
import type { Lease } from './lease.ts';

const refused = (code: number): KubeApiError =>
  new KubeApiError('PUT', { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code }, code);

/** One Lease on a server with optimistic concurrency, and what can go wrong with the way to it. */
class LeaseServer {
  lease: Lease | undefined;
  fault: 'none' | 'down' | 'hangs' | 'answer lost' = 'none';
  writes = 0;
  #version = 0;

  async #pass<R>(act: () => R, signal?: AbortSignal): Promise<R> {
    if (this.fault === 'down') throw new KubeTransportError('x', new Error('down'));
    if (this.fault === 'hangs') return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const result = act();
    if (this.fault === 'answer lost') throw new KubeTransportError('x', new Error('reset'));
    return result;
  }

  store(lease: Lease): Lease {
    this.#version += 1;
    this.writes += 1;
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } };
    return this.lease;
  }

  readonly client = {
    find: (_: unknown, __: unknown, signal?: AbortSignal) => this.#pass(() => this.lease as never, signal),
    create: (_: unknown, lease: Lease, __: unknown, signal?: AbortSignal) =>
      this.#pass(() => {
        if (this.lease) throw refused(409);
        return this.store(lease) as never;
      }, signal),
    replace: (_: unknown, lease: Lease, __?: unknown, signal?: AbortSignal) =>
      this.#pass(() => {
        if (!this.lease) throw refused(404);
        if (this.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) throw refused(409);
        return this.store(lease) as never;
      }, signal),
  };
}

function candidate(server: LeaseServer, clock: FakeClock, identity: string, release = true) {
  const stop = new AbortController();
  const log: string[] = [];
  let remaining: () => number = () => 0;
  const running = runLeaderElection(
    {
      client: server.client as never,
      namespace: 'n',
      name: 'l',
      identity,
      clock,
      random: () => 0,
      lead: async (leadership, signal) => {
        remaining = leadership.remainingMs;
        log.push(
          `leads (${leadership.takeover}${leadership.previousHolder ? `, after ${leadership.previousHolder}` : ''}) @${clock.monotonic()}`,
        );
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        log.push(`ends @${clock.monotonic()}`);
        return { release };
      },
    },
    stop.signal,
  );
  return { stop, log, running, remainingMs: () => remaining() };
}

describe('leader election', () => {
  it('takes a fresh lease at once, renews it every two seconds, and hands it on when stopped', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = candidate(server, clock, 'one');
    await clock.advance(10_000);
    const two = candidate(server, clock, 'two');
    await clock.advance(4_000);
    expect(one.log).toEqual(['leads (fresh) @0']);
    expect(server.writes).toBe(8);
    expect(one.remainingMs()).toBe(15_000);
    one.stop.abort();
    await one.running;
    await clock.advance(2_000);
    expect(two.log).toEqual(['leads (released) @16000']);
    two.stop.abort();
    await clock.advance(0);
    await two.running;
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseTransitions: 1 });
    expect(clock.pending).toBe(0);
  });

  it('leaves the lease to run out when a write of unknown outcome forbids the release, and the successor knows', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = candidate(server, clock, 'one', false);
    await clock.advance(0);
    one.stop.abort();
    await one.running;
    const two = candidate(server, clock, 'two');
    await clock.advance(13_999);
    expect(two.log).toEqual([]);
    await clock.advance(2_001);
    expect(two.log).toEqual(['leads (expired, after one) @16000']);
  });

  it('counts the other’s time from when its state was first seen, never by its clock', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    server.store({
      metadata: { namespace: 'n', name: 'l' },
      spec: { holderIdentity: 'ghost', leaseDurationSeconds: 15, renewTime: '1999-01-01T00:00:00.000000Z' },
    });
    await clock.advance(100_000);
    const one = candidate(server, clock, 'one');
    await clock.advance(14_000);
    expect(one.log).toEqual([]);
    await clock.advance(2_000);
    expect(one.log).toEqual(['leads (expired, after ghost) @116000']);
  });

  it('steps down before the lease runs out when it cannot renew, and lets no write start after', async () => {
    for (const fault of ['down', 'hangs'] as const) {
      const clock = new FakeClock();
      const server = new LeaseServer();
      const one = candidate(server, clock, 'one');
      await clock.advance(4_000);
      server.fault = fault;
      await clock.advance(5_000);
      expect(one.remainingMs()).toBe(10_000);
      await clock.advance(6_000);
      expect(one.log[1]).toMatch(/^ends @1[234]\d{3}$/);
      expect(one.remainingMs()).toBe(0);
    }
  });

  it('never overlaps with its successor, however the way to the server fails', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = candidate(server, clock, 'one');
    await clock.advance(3_000);
    server.fault = 'down';
    await clock.advance(11_000);
    server.fault = 'none';
    const two = candidate(server, clock, 'two');
    await clock.advance(60_000);
    const events = [...one.log, ...two.log];
    expect(events[1]).toMatch(/^ends/);
    expect([one.remainingMs() > 0, two.remainingMs() > 0].filter(Boolean)).toHaveLength(1);
  });

  it('gives up at once when another holds the lease', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = candidate(server, clock, 'one');
    await clock.advance(3_000);
    server.store({ ...server.lease!, spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 } });
    await clock.advance(1_000);
    expect(one.log).toEqual(['leads (fresh) @0', 'ends @4000']);
    expect(one.remainingMs()).toBe(0);
  });

  it('puts a deleted lease back and leads on', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = candidate(server, clock, 'one');
    await clock.advance(3_000);
    server.lease = undefined;
    await clock.advance(20_000);
    expect(one.log).toEqual(['leads (fresh) @0']);
    expect(server.lease).toMatchObject({ spec: { holderIdentity: 'one' } });
  });

  it('recognises its own renewal whose answer was lost', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = candidate(server, clock, 'one');
    await clock.advance(1_000);
    server.fault = 'answer lost';
    await clock.advance(1_500);
    server.fault = 'none';
    await clock.advance(20_000);
    expect(one.log).toEqual(['leads (fresh) @0']);
  });

  it('remembers how it came by a lease whose claim was answered into the void', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    server.fault = 'answer lost';
    const find = server.client.find;
    server.client.find = (async () => server.lease) as never;
    const one = candidate(server, clock, 'one');
    await settle();
    server.fault = 'none';
    server.client.find = find;
    await clock.advance(2_000);
    expect(one.log).toEqual(['leads (fresh) @2000']);
  });

  it('takes its own name on a lease that it never claimed for a former life that did not release', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    server.store({ metadata: { namespace: 'n', name: 'l' }, spec: { holderIdentity: 'one', leaseDurationSeconds: 15 } });
    const one = candidate(server, clock, 'one');
    await settle();
    expect(one.log).toEqual(['leads (expired, after one) @0']);
  });

  it('has no time left after a pause longer than the lease, before any timer has run', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = candidate(server, clock, 'one');
    await clock.advance(1_000);
    const frozen = clock.monotonic.bind(clock);
    clock.monotonic = () => frozen() + 60_000;
    expect(one.remainingMs()).toBeLessThan(0);
    await clock.advance(2_000);
    expect(one.log[1]).toMatch(/^ends/);
  });

  it('rejects with what the leader’s work rejects with', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const running = runLeaderElection(
      {
        client: server.client as never,
        namespace: 'n',
        name: 'l',
        identity: 'one',
        clock,
        random: () => 0,
        lead: async () => {
          throw new Error('a bug');
        },
      },
      new AbortController().signal,
    );
    await expect(running).rejects.toThrow('a bug');
    expect(server.lease?.spec?.holderIdentity).toBe('one');
  });
});
