import type { Action } from './action.ts';
import { createProfileController } from './create-profile-controller.ts';
import { overlayPorts } from './internal/overlay-ports.ts';
import type { ProfileControllerOptions } from './options.ts';
import type { ProfileControllerDeps } from './ports.ts';
import { nameOf } from './profile.ts';

/** A grant needs three looks at a profile (objects, role, annotation), a change of roles one more. */
const ROUNDS = 4;

/**
 * What the controller would do for the profiles as they are, in order: the very reconcilers run on ports that read the world and keep every
 * write to themselves. What needs waiting (a proof that a subject is gone) is not waited for. Rejects as the ports' reads do.
 */
export async function planProfiles(deps: ProfileControllerDeps, options: ProfileControllerOptions): Promise<readonly Action[]> {
  const actions: Action[] = [];
  const controller = createProfileController(overlayPorts(deps), { ...options, batchMs: 0 });
  controller.onAction((action) => actions.push(action));
  await controller.prepare();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const profile of deps.profiles.list()) await controller.reconcileProfile(nameOf(profile));
    for (const key of controller.roleKeys()) await controller.reconcileRole(key);
  }
  return actions;
}
