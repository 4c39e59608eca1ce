import { sleep } from '../../src/base/clock.ts';
import type { ProfileController } from '../../src/profile/create-profile-controller.ts';
import type { ProfileControllerDeps } from '../../src/profile/ports.ts';
import { HOST_PATH, PROVIDER, subjectOfProfile, wishOf } from './scenario.ts';

/**
 * The algorithm of the controller that podrole replaces, as its behaviour is documented: the first statement is taken for the whole
 * policy, one subject is added or removed at a time, the finalizer comes after the effect, and the last removal leaves only the audience.
 */
export function upstreamController(deps: ProfileControllerDeps): ProfileController {
  const queue = new Set<string>();
  let wake: () => void = () => undefined;
  const add = (name: string): void => {
    queue.add(name);
    wake();
  };

  async function edit(role: string, change: (subjects: readonly string[]) => readonly string[], signal: AbortSignal): Promise<void> {
    const read = await deps.trustPolicies.getRole(role, signal);
    if (read.kind !== 'found') throw new Error('GetRole failed');
    const first = (JSON.parse(read.role.document) as { Statement: { Condition?: { StringEquals?: Record<string, string | string[]> } }[] })
      .Statement[0];
    const named = first?.Condition?.StringEquals?.[`${HOST_PATH}:sub`] ?? [];
    const before = Array.isArray(named) ? named : [named];
    const after = change(before);
    if (after.length > 0 && after.length === before.length) return;
    const equals = { [`${HOST_PATH}:aud`]: ['sts.amazonaws.com'], ...(after.length === 0 ? {} : { [`${HOST_PATH}:sub`]: after }) };
    const statement = {
      Effect: 'Allow',
      Action: 'sts:AssumeRoleWithWebIdentity',
      Principal: { Federated: PROVIDER },
      Condition: { StringEquals: equals },
    };
    const outcome = await deps.trustPolicies.updateTrustPolicy(
      role,
      JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
      { deadlineMs: 8_000 },
      signal,
    );
    if (outcome.kind !== 'applied') throw new Error('UpdateAssumeRolePolicy failed');
  }

  async function reconcile(name: string, signal: AbortSignal): Promise<void> {
    const profile = deps.profiles.get(name);
    if (profile === undefined) return;
    const wish = wishOf(profile);
    const subject = subjectOfProfile(name);
    const role = wish.kind === 'trust' ? wish.role.slice(wish.role.lastIndexOf('/') + 1) : undefined;
    if (role !== undefined) await edit(role, (subjects) => (subjects.includes(subject) ? subjects : [...subjects, subject]), signal);
    const has = (profile.metadata.finalizers ?? []).includes('profile-finalizer');
    if (profile.metadata.deletionTimestamp === undefined) {
      if (!has) await deps.profiles.addFinalizer(profile, 'profile-finalizer', signal);
    } else if (has) {
      if (role !== undefined) await edit(role, (subjects) => subjects.filter((one) => one !== subject), signal);
      await deps.profiles.removeFinalizers(profile, ['profile-finalizer'], signal);
    }
  }

  return {
    prepare: () => Promise.resolve(),
    async start(signal) {
      for (const profile of deps.profiles.list()) queue.add(profile.metadata.name ?? '');
      while (!signal.aborted) {
        const [name] = queue;
        if (name === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        queue.delete(name);
        try {
          await reconcile(name, signal);
        } catch {
          void sleep(deps.clock, 1_000, signal).then(
            () => add(name),
            () => undefined,
          );
        }
      }
    },
    ready: () => true,
    profileChanged: add,
    objectChanged: () => undefined,
    labelsChanged: () => undefined,
    settled: () => true,
    onAction: () => undefined,
    reconcileProfile: () => Promise.resolve({ kind: 'done' }),
    reconcileRole: () => Promise.resolve({ kind: 'done' }),
    roleKeys: () => [],
  };
}
