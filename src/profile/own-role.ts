import { type Clock, sleep } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { CallerIdentity } from './ports.ts';
import { ownRoleOf, type RolePolicy } from './role-policy.ts';

export interface OwnRoleDeps {
  readonly callerIdentity: (signal: AbortSignal) => Promise<CallerIdentity>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onKnown: (own: RolePolicy['own']) => void;
  /** At each call that failed. */
  readonly onUnknown?: () => void;
}

const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 60_000;

/** Repeats the question until it is answered or the signal aborts: an outage at start leaves nobody unprotected for good. Never rejects. */
export async function keepAskingOwnRole(deps: OwnRoleDeps, signal: AbortSignal): Promise<void> {
  for (let waitMs = RETRY_FIRST_MS; !signal.aborted; waitMs = Math.min(RETRY_MOST_MS, waitMs * 2)) {
    await sleep(deps.clock, waitMs, signal).catch(() => undefined);
    if (signal.aborted || (await askOwnRole(deps, signal))) return;
  }
}

/** Asks AWS once whose credentials these are: no profile may name the controller's own role. Answers whether AWS said so; never rejects. */
export async function askOwnRole({ callerIdentity, log, onKnown, onUnknown }: OwnRoleDeps, signal: AbortSignal): Promise<boolean> {
  try {
    onKnown(ownRoleOf((await callerIdentity(signal)).arn));
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    log.warn('own role unknown', { reason: 'OwnRoleUnknown', error: messageOf(error) });
    onUnknown?.();
    return false;
  }
}
