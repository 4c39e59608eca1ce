import { createProfileController } from '../../src/profile/create-profile-controller.ts';
import * as ports from './planted-ports.ts';
import { upstreamController } from './planted-upstream.ts';
import type { RunSettings } from './run-seed.ts';
import { type FaultMix, noFaults } from './world/faults.ts';

/** A mistake on purpose, the faults that bring it out, and the invariants of which at least one must break. */
export interface PlantedBug {
  readonly name: string;
  readonly settings: RunSettings;
  readonly breaks: readonly string[];
  /** Seeds within which it must be found; default 40. */
  readonly budget?: number;
}

const under = (faults: Partial<FaultMix>): { readonly faults: FaultMix } => ({ faults: { ...noFaults, ...faults } });
const gone = ['S7', 'interval'] as const;

/** Every one of these must be found; a harness that misses them proves nothing about the rest. */
export const plantedBugs: readonly PlantedBug[] = [
  { name: 'upstream’s algorithm', settings: { make: upstreamController }, breaks: ['S1', 'S4', 'L1', 'interval', 'S6'] },

  // What may still land.
  {
    name: 'no quarantine after an unknown outcome',
    settings: { ...under({ iamLateApply: 0.5 }), options: { lateWriteWindowMs: 0 } },
    breaks: gone,
  },
  {
    name: 'a quarantine that is shorter than a request may live',
    settings: { ...under({ iamLateApply: 0.5 }), options: { lateWriteWindowMs: 60_000 } },
    breaks: gone,
  },
  {
    name: 'no quarantine after a takeover without release',
    settings: {
      ...under({ crash: 3, iamLateApply: 0.6 }),
      tamper: (deps) => ({ ...deps, lease: { ...deps.lease, takenOverAt: () => undefined } }),
    },
    breaks: gone,
  },
  {
    name: 'no look at the role after the wait',
    settings: { ...under({ iamLateApply: 0.5 }), tamper: ports.noReadAfterWait },
    breaks: gone,
  },
  {
    name: 'the lease is released while a write may still land',
    settings: {
      ...under({ restart: 3, iamLateApply: 0.6 }),
      make: (deps, options) => ({ ...createProfileController(deps, options), settled: () => true }),
    },
    breaks: gone,
  },
  {
    name: 'a write starts however short the lease',
    settings: {
      ...under({ pause: 12 }),
      tamper: (deps) => ({ ...deps, lease: { ...deps.lease, remainingMs: () => Number.POSITIVE_INFINITY } }),
    },
    breaks: ['S11'],
  },

  // What a write came to.
  {
    name: 'an unknown outcome is taken for success',
    settings: {
      ...under({ iamTimeout: 0.3, iamLateApply: 0.3 }),
      tamper: ports.outcomes((outcome) => (outcome.kind === 'unknown' ? { kind: 'applied' } : outcome)),
    },
    breaks: ['S7', 'S10', 'interval'],
  },
  {
    name: 'an unknown outcome is taken for a refusal',
    settings: {
      ...under({ iamLateApply: 0.5 }),
      tamper: ports.outcomes((outcome) =>
        outcome.kind === 'unknown' ? { kind: 'refused', code: 'ServiceFailure', message: '' } : outcome,
      ),
    },
    breaks: gone,
  },
  {
    name: 'a refusal is taken for success',
    settings: {
      ...under({ iamThrottled: 0.4 }),
      tamper: ports.outcomes((outcome) => (outcome.kind === 'refused' ? { kind: 'applied' } : outcome)),
    },
    breaks: ['S7', 'S10', 'interval', 'L1'],
  },
  {
    name: 'a read that failed is taken for a role that is gone',
    settings: {
      ...under({ iamDenied: 0.3 }),
      tamper: ports.reads((read) => (read.kind === 'failed' ? { kind: 'absent' } : read)),
    },
    breaks: gone,
  },
  {
    name: 'a write is spared when a read looks right',
    settings: { ...under({ iamStaleMs: 12_000 }), tamper: ports.skipWhatLooksRight },
    breaks: gone,
    budget: 150,
  },

  // What is decided on.
  {
    name: 'the cache is taken for the truth',
    settings: {
      ...under({ missedEvent: 0.4, crash: 3, cacheLagMs: 30_000 }),
      tamper: ports.profiles((store) => ({ read: async (name) => store.get(name), readAll: async () => store.list() })),
    },
    breaks: ['S6', 'S8'],
  },
  {
    name: 'no second look ahead of the write',
    settings: { ...under({ foreignAppend: 12 }), tamper: ports.noSecondLook },
    breaks: ['S4', 'S10'],
  },
  {
    name: 'roles are not looked at again',
    settings: { ...under({ foreignOverwrite: 1 }), options: { trustResyncMs: 1e9 } },
    breaks: ['L1'],
  },
  { name: 'two writers of one role', settings: { ...under({}), make: ports.twoWriters }, breaks: ['S11', 'S10'] },

  // The record.
  { name: 'records are not kept', settings: { ...under({ crash: 4 }), tamper: ports.noRecords }, breaks: ['L1', 'interval'] },
  {
    name: 'what was revoked is forgotten at once',
    settings: { ...under({ iamLateApply: 0.5, crash: 2 }), tamper: ports.noTombstones },
    breaks: ['L1', 'S7', 'interval'],
  },
  {
    name: 'the record comes after the effect',
    settings: { ...under({ crash: 4 }), tamper: ports.recordAfterwards },
    breaks: ['L1', 'interval'],
  },
  {
    name: 'a conflict of the record is taken for success',
    settings: { ...under({ crash: 4, recordConflict: 0.5 }), tamper: ports.conflictIsFine },
    breaks: ['L1', 'interval'],
  },

  // Finalizers.
  {
    name: 'the finalizer is not stored before the grant',
    settings: {
      ...under({}),
      tamper: ports.profiles(() => ({
        addFinalizer: async (profile, finalizer) => ({
          ...profile,
          metadata: { ...profile.metadata, resourceVersion: `${Number(profile.metadata.resourceVersion) + 1}`, finalizers: [finalizer] },
        }),
      })),
    },
    breaks: ['S6', 'interval'],
  },
  { name: 'the finalizer leaves before the subject', settings: { ...under({}), make: ports.finalizerFirst }, breaks: gone },

  // What is written.
  { name: 'the quota is not computed', settings: { ...under({}), options: { trustPolicyQuota: 'off' }, quota: 560 }, breaks: ['S10'] },
  { name: 'other statements are not kept', settings: { ...under({ foreignAppend: 2 }), tamper: ports.onlyOurs }, breaks: ['S4'] },
  {
    name: 'the last subject leaves the audience alone',
    settings: { ...under({}), tamper: ports.subjects((named) => named.slice(1)) },
    breaks: ['S1', 'S2'],
  },
  {
    name: 'a grant names the neighbours as well',
    settings: {
      ...under({}),
      tamper: ports.subjects((named) => [...named, ...named.map((subject) => subject.replace('default-editor', 'default-viewer'))]),
    },
    breaks: ['S3'],
  },
  { name: 'our Sid is written twice', settings: { ...under({}), tamper: ports.sidTwice }, breaks: ['L1'] },

  // Whom it belongs to.
  {
    name: 'the controller’s own role is a role like any other',
    settings: {
      ...under({}),
      tamper: (deps) => ({ ...deps, callerIdentity: () => Promise.reject(new Error('no answer from STS')) }),
    },
    breaks: ['S9'],
  },
  {
    name: 'a namespace of somebody else is taken over',
    settings: { ...under({}), tamper: ports.takesAnyNamespace },
    breaks: ['S20'],
    budget: 80,
  },

  // What is said.
  {
    name: 'a status is never written',
    settings: { ...under({}), tamper: ports.profiles(() => ({ applyStatus: async (profile, status) => ({ ...profile, status }) })) },
    breaks: ['L8'],
  },
];

/** What a bug runs under, with none of the bug: its faults, and a controller that is told IAM's true quota. */
export function withoutBug({ settings: { faults, quota } }: PlantedBug): RunSettings {
  return { ...(faults === undefined ? {} : { faults }), ...(quota === undefined ? {} : { quota, options: { trustPolicyQuota: quota } }) };
}
