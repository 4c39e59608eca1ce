import type { KubeObject } from '../core/object.ts';
import { microTime } from './micro-time.ts';

/** `coordination.k8s.io/v1` Lease, as far as an election reads it. */
export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
  readonly [member: string]: unknown;
}

/** How leadership came about. Only `expired` leaves writes of a predecessor possible: it neither released nor, for all we know, ended. */
export type Takeover = 'fresh' | 'released' | 'expired';

/**
 * `free`: may be taken now. `own`: carries our identity. `held`: by somebody else, for `durationMs` from when this very state was first seen.
 */
export type LeaseVerdict =
  | { readonly kind: 'free'; readonly how: 'fresh' | 'released' }
  | { readonly kind: 'own' }
  | { readonly kind: 'held'; readonly holder: string; readonly durationMs: number };

const LONGEST_HOLD_MS = 10 * 60_000;

/** What a lease says to one who wants it. Junk in it counts as a holder for `defaultMs`: nobody is overruled because he is misread. */
export function readLease(lease: Lease | undefined, identity: string, defaultMs: number): LeaseVerdict {
  if (lease === undefined) return { kind: 'free', how: 'fresh' };
  const spec = lease.spec;
  const holder: unknown = spec?.holderIdentity;
  if (holder === undefined || holder === null || holder === '') {
    return { kind: 'free', how: spec?.acquireTime === undefined && spec?.renewTime === undefined ? 'fresh' : 'released' };
  }
  if (holder === identity) return { kind: 'own' };
  const seconds: unknown = spec?.leaseDurationSeconds;
  const durationMs = typeof seconds === 'number' && seconds > 0 ? Math.min(seconds * 1000, LONGEST_HOLD_MS) : defaultMs;
  return { kind: 'held', holder: String(holder), durationMs };
}

/** The lease with us as its holder, everything else as it was; conditional on the state it was read in. */
export function claimedLease(
  lease: Lease | undefined,
  claim: { readonly namespace: string; readonly name: string; readonly identity: string; readonly now: Date; readonly durationMs: number },
): Lease {
  const now = microTime(claim.now);
  const isRenewal = lease?.spec?.holderIdentity === claim.identity;
  const transitions = typeof lease?.spec?.leaseTransitions === 'number' ? lease.spec.leaseTransitions : 0;
  return {
    ...lease,
    metadata: { ...lease?.metadata, namespace: claim.namespace, name: claim.name },
    spec: {
      ...lease?.spec,
      holderIdentity: claim.identity,
      leaseDurationSeconds: Math.ceil(claim.durationMs / 1000),
      acquireTime: isRenewal ? (lease?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: isRenewal || lease === undefined ? transitions : transitions + 1,
    },
  };
}

/** The lease given up: no holder, so that the next candidate need not wait (as client-go releases). */
export function releasedLease(lease: Lease, now: Date): Lease {
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now), acquireTime: microTime(now) },
  };
}
