import type { Action } from '../../../src/profile/action.ts';
import type { ProfileControllerOptions } from '../../../src/profile/options.ts';
import type { ProfileEvent } from '../../../src/profile/ports.ts';
import { ISSUER } from '../scenario.ts';
import { CallFaults, type FaultMix, FaultTally, noFaults } from './faults.ts';
import { Scheduler, seededRandom } from './scheduler.ts';
import { SimIam } from './sim-iam.ts';
import { SimKube } from './sim-kube.ts';
import { SimLease } from './sim-lease.ts';
import type { SimWorld } from './sim-world.ts';

/** A world for one journey: no faults but those that are set, and everything that was done at hand. */
export interface SmallWorld {
  readonly sim: SimWorld;
  readonly actions: Action[];
  readonly events: ProfileEvent[];
  /** Faults from now on. */
  set(faults: Partial<FaultMix>): void;
  run(ms: number): Promise<void>;
}

export function smallWorld(
  settings: { readonly quota?: number; readonly elected?: boolean; readonly options?: Partial<ProfileControllerOptions> } = {},
): SmallWorld {
  const scheduler = new Scheduler(seededRandom(1));
  const quota = settings.quota ?? 2048;
  const actions: Action[] = [];
  const events: ProfileEvent[] = [];
  let faults = noFaults;
  const sim: SimWorld = {
    scheduler,
    kube: new SimKube(scheduler),
    iam: new SimIam(scheduler, quota),
    lease: new SimLease(scheduler),
    tally: new FaultTally(),
    faults: () => faults,
    calls: new CallFaults(seededRandom(2), () => faults),
    elected: settings.elected ?? true,
    options: { issuer: ISSUER, trustPolicyQuota: quota, ...settings.options },
    watcher: {
      onIamWrite: () => undefined,
      onIamSettled: () => undefined,
      onDeath: () => undefined,
      onPause: () => undefined,
      onRelease: () => undefined,
      onAction: (_process, action) => {
        actions.push(action);
      },
      onEvent: (event) => {
        events.push(event);
      },
      onCount: () => undefined,
    },
  };
  return {
    sim,
    actions,
    events,
    set: (some) => {
      faults = { ...noFaults, ...some };
    },
    run: (ms) => scheduler.runUntil(scheduler.now + ms, () => undefined),
  };
}
