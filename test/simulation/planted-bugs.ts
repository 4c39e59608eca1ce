import { createProfileController } from '../../src/profile/create-profile-controller.ts';
import type { ProfileControllerDeps, UpdateOutcome } from '../../src/profile/ports.ts';
import { upstreamController } from './planted-upstream.ts';
import type { RunSettings } from './run-seed.ts';
import { type FaultMix, noFaults } from './world/faults.ts';

/** A mistake on purpose, the faults that bring it out, and the invariants of which at least one must break. */
export interface PlantedBug {
  readonly name: string;
  readonly settings: RunSettings;
  readonly breaks: readonly string[];
}

const under = (faults: Partial<FaultMix>): { readonly faults: FaultMix } => ({ faults: { ...noFaults, ...faults } });
type Tamper = NonNullable<RunSettings['tamper']>;

const writes =
  (change: (outcome: UpdateOutcome) => UpdateOutcome): Tamper =>
  (deps) => ({
    ...deps,
    trustPolicies: {
      getRole: deps.trustPolicies.getRole,
      updateTrustPolicy: async (role, document, options, signal) =>
        change(await deps.trustPolicies.updateTrustPolicy(role, document, options, signal)),
    },
  });

const profiles =
  (change: (store: ProfileControllerDeps['profiles']) => Partial<ProfileControllerDeps['profiles']>): Tamper =>
  (deps) => ({
    ...deps,
    profiles: { ...deps.profiles, ...change(deps.profiles) },
  });

/** GetRole ahead of the write answers what the round began with. */
const noSecondLook: Tamper = (deps) => {
  const last = new Map<string, { readonly at: number; readonly read: ReturnType<typeof deps.trustPolicies.getRole> }>();
  return {
    ...deps,
    trustPolicies: {
      updateTrustPolicy: deps.trustPolicies.updateTrustPolicy,
      getRole: (role, signal) => {
        const known = last.get(role);
        if (known !== undefined && deps.clock.monotonic() - known.at < 30_000) return known.read;
        const read = deps.trustPolicies.getRole(role, signal);
        last.set(role, { at: deps.clock.monotonic(), read });
        return read;
      },
    },
  };
};

/** Every one of these must be found; a harness that misses them proves nothing about the rest. */
export const plantedBugs: readonly PlantedBug[] = [
  { name: 'upstream’s algorithm', settings: { make: upstreamController }, breaks: ['S1', 'S4', 'L1', 'interval', 'S6'] },
  {
    name: 'no quarantine after an unknown outcome',
    settings: { ...under({ iamLateApply: 0.5 }), options: { lateWriteWindowMs: 0 } },
    breaks: ['S7', 'interval'],
  },
  {
    name: 'no quarantine after a takeover without release',
    settings: {
      ...under({ crash: 3, iamLateApply: 0.6 }),
      tamper: (deps) => ({ ...deps, lease: { ...deps.lease, takenOverAt: () => undefined } }),
    },
    breaks: ['S7', 'interval'],
  },
  {
    name: 'the lease is released while a write may still land',
    settings: {
      ...under({ restart: 3, iamLateApply: 0.6 }),
      make: (deps, options) => ({ ...createProfileController(deps, options), settled: () => true }),
    },
    breaks: ['S7', 'interval'],
  },
  {
    name: 'a write starts however short the lease',
    settings: {
      ...under({ pause: 12 }),
      tamper: (deps) => ({ ...deps, lease: { ...deps.lease, remainingMs: () => Number.POSITIVE_INFINITY } }),
    },
    breaks: ['S11'],
  },
  {
    name: 'the cache is taken for the truth',
    settings: {
      ...under({ missedEvent: 0.4, crash: 3, cacheLagMs: 30_000 }),
      tamper: profiles((store) => ({ read: async (name) => store.get(name), readAll: async () => store.list() })),
    },
    breaks: ['S6', 'S8'],
  },
  {
    name: 'records are not kept',
    settings: {
      ...under({ crash: 4 }),
      tamper: (deps) => ({
        ...deps,
        records: {
          ...deps.records,
          put: async (object) => ({ kind: 'written', object }),
          list: async () => [],
          read: async () => undefined,
        },
      }),
    },
    breaks: ['L1', 'interval'],
  },
  {
    name: 'an unknown outcome is taken for success',
    settings: {
      ...under({ iamTimeout: 0.3, iamLateApply: 0.3 }),
      tamper: writes((outcome) => (outcome.kind === 'unknown' ? { kind: 'applied' } : outcome)),
    },
    breaks: ['S7', 'S10', 'interval'],
  },
  {
    name: 'an unknown outcome is taken for a refusal',
    settings: {
      ...under({ iamLateApply: 0.5 }),
      tamper: writes((outcome) => (outcome.kind === 'unknown' ? { kind: 'refused', code: 'ServiceFailure', message: '' } : outcome)),
    },
    breaks: ['S7', 'interval'],
  },
  {
    name: 'roles are not looked at again',
    settings: { ...under({ foreignOverwrite: 1 }), options: { trustResyncMs: 1e9 } },
    breaks: ['L1'],
  },
  {
    name: 'the finalizer is not stored before the grant',
    settings: {
      ...under({}),
      tamper: profiles(() => ({
        addFinalizer: async (profile, finalizer) => ({
          ...profile,
          metadata: { ...profile.metadata, resourceVersion: `${Number(profile.metadata.resourceVersion) + 1}`, finalizers: [finalizer] },
        }),
      })),
    },
    breaks: ['S6', 'interval'],
  },
  { name: 'no second look ahead of the write', settings: { ...under({ foreignAppend: 12 }), tamper: noSecondLook }, breaks: ['S4', 'S10'] },
  { name: 'the quota is not computed', settings: { ...under({}), options: { trustPolicyQuota: 'off' }, quota: 560 }, breaks: ['S10'] },
];

/** What a bug runs under, with none of the bug: its faults, and a controller that is told IAM's true quota. */
export function withoutBug({ settings: { faults, quota } }: PlantedBug): RunSettings {
  return { ...(faults === undefined ? {} : { faults }), ...(quota === undefined ? {} : { quota, options: { trustPolicyQuota: quota } }) };
}
