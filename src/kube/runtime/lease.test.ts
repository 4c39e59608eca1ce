import { expect, it } from 'vitest';
import { claimedLease, type Lease, readLease, releasedLease } from './lease.ts';

const now = new Date('2026-01-02T03:04:05.678Z');
const claim = { namespace: 'n', name: 'l', identity: 'me', now, durationMs: 15_000 };
const lease = (spec: unknown): Lease => ({ metadata: { namespace: 'n', name: 'l', resourceVersion: '7' }, spec: spec as never });

it.each([
  ['no lease', undefined, { kind: 'free', how: 'fresh' }],
  ['an empty lease', lease({}), { kind: 'free', how: 'fresh' }],
  ['no spec at all', lease(undefined), { kind: 'free', how: 'fresh' }],
  ['a released lease', lease({ holderIdentity: '', renewTime: 'x' }), { kind: 'free', how: 'released' }],
  ['our own', lease({ holderIdentity: 'me' }), { kind: 'own' }],
  ['another', lease({ holderIdentity: 'you', leaseDurationSeconds: 30 }), { kind: 'held', holder: 'you', durationMs: 30_000 }],
  [
    'another with a junk duration',
    lease({ holderIdentity: 'you', leaseDurationSeconds: 'soon' }),
    { kind: 'held', holder: 'you', durationMs: 15_000 },
  ],
  [
    'another with no duration',
    lease({ holderIdentity: 'you', leaseDurationSeconds: 0 }),
    { kind: 'held', holder: 'you', durationMs: 15_000 },
  ],
  [
    'another who wants it for years',
    lease({ holderIdentity: 'you', leaseDurationSeconds: 1e9 }),
    { kind: 'held', holder: 'you', durationMs: 600_000 },
  ],
  ['a holder that is no text', lease({ holderIdentity: 5 }), { kind: 'held', holder: '5', durationMs: 15_000 }],
])('reads %s', (_, found, verdict) => {
  expect(readLease(found, 'me', 15_000)).toEqual(verdict);
});

it('claims with six decimals and keeps what it does not know', () => {
  expect(claimedLease(lease({ holderIdentity: 'you', leaseTransitions: 3, strategy: 'OldestEmulationVersion' }), claim)).toEqual({
    metadata: { namespace: 'n', name: 'l', resourceVersion: '7' },
    spec: {
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-02T03:04:05.678000Z',
      renewTime: '2026-01-02T03:04:05.678000Z',
      leaseTransitions: 4,
      strategy: 'OldestEmulationVersion',
    },
  });
});

it('renews without a transition and without a new acquire time', () => {
  const first = claimedLease(undefined, claim);
  const later = claimedLease(first, { ...claim, now: new Date('2026-01-02T03:05:00Z') });
  expect(first.spec).toMatchObject({ leaseTransitions: 0 });
  expect(later.spec).toMatchObject({
    leaseTransitions: 0,
    acquireTime: '2026-01-02T03:04:05.678000Z',
    renewTime: '2026-01-02T03:05:00.000000Z',
  });
});

it('releases by leaving no holder', () => {
  expect(releasedLease(claimedLease(undefined, claim), now).spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
});
