import type { Action } from '../../../src/profile/action.ts';
import type { ProfileController } from '../../../src/profile/create-profile-controller.ts';
import type { ProfileControllerOptions } from '../../../src/profile/options.ts';
import type { ProfileControllerDeps, ProfileEvent } from '../../../src/profile/ports.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import type { CallFaults, FaultMix, FaultTally } from './faults.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimIam } from './sim-iam.ts';
import type { SimKube } from './sim-kube.ts';
import type { SimLease } from './sim-lease.ts';

/** What a process can see of its own writes, for the invariants. */
export interface ProcessWatcher {
  /** Just before an IAM write leaves: lease time left, deadline, writes in flight of this role in this process. */
  onIamWrite(write: {
    readonly process: string;
    readonly role: string;
    readonly document: string;
    readonly leaseMs: number;
    readonly deadlineMs: number;
    readonly inFlight: number;
    /** What the process read of this role last, and what IAM acknowledged to it. */
    readonly bases: readonly string[];
  }): void;
  onIamSettled(role: string): void;
  /** A process is no more. */
  onDeath(process: string): void;
  onPause(ms: number): void;
  /** A finalizer is about to leave. */
  onRelease(profile: Profile, finalizers: readonly string[]): void;
  onAction(process: string, action: Action): void;
  onEvent(event: ProfileEvent): void;
  onCount(name: string, labels: Readonly<Record<string, string>>): void;
}

export interface SimWorld {
  readonly scheduler: Scheduler;
  readonly kube: SimKube;
  readonly iam: SimIam;
  readonly lease: SimLease;
  readonly watcher: ProcessWatcher;
  readonly tally: FaultTally;
  faults: () => FaultMix;
  /** Which calls meet which of them. */
  readonly calls: CallFaults;
  readonly options: ProfileControllerOptions;
  /** Replaces a part of the controller by a planted bug. */
  readonly tamper?: ((deps: ProfileControllerDeps) => ProfileControllerDeps) | undefined;
  /** Another controller altogether. */
  readonly make?: ((deps: ProfileControllerDeps, options: ProfileControllerOptions) => ProfileController) | undefined;
  readonly elected?: boolean;
  /** Asked at each step of each call of a process: true drops the process right there. */
  readonly crashes?: (step: CallStep) => boolean;
}

/** Before a call reaches the other side, after it was applied there, and after its answer was taken. */
export type CallStep = 'before' | 'applied' | 'answered';
