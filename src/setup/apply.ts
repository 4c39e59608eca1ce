import { type Clock, sleep } from '../base/clock.ts';
import { messageOf, PodroleError } from '../base/errors.ts';
import { PHASE, type PlanItem, type SetupAction } from './action.ts';
import { CLUSTER_TAG } from './desired-state.ts';
import { makerOf } from './ownership.ts';
import type { SetupPorts, Tags } from './ports.ts';

/** Told once per item when it ended, in the order in which they end. */
export interface AppliedItem {
  readonly item: PlanItem;
  readonly ok: boolean;
  readonly error?: unknown;
}

export interface Work {
  readonly items: readonly PlanItem[];
  /** Set on what is created. */
  readonly tags: Tags;
  readonly clock: Clock;
  readonly told: (applied: AppliedItem) => void;
}

/** IAM shows a new role everywhere after a few seconds; a write that does not find it is repeated for so long. */
const APPEAR_MS = 30_000;
/** A Profile's deletion waits for its controller. */
const PROFILE_MS = 120_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;
const PHASES = [...new Set(Object.values(PHASE))].sort((a, b) => a - b);

/**
 * Carries out the items of a plan, phase by phase. What is done stays done when something fails or the signal aborts: planning and
 * running again goes on from there. The signal is heard between phases, so that the outcome of every call is known. Rejects with
 * `plan-has-conflicts` before the first write, `setup-incomplete` (retry `backoff`) after a failed phase, naming each object, or
 * `setup-interrupted`, naming how much is left.
 */
export async function carryOut(ports: SetupPorts, work: Work, signal?: AbortSignal): Promise<void> {
  const conflicts = work.items.filter((item) => item.verb === 'conflict');
  if (conflicts.length > 0) {
    throw new PodroleError(`nothing was written: ${conflicts.map((item) => `${item.object}: ${item.reason}`).join('; ')}`, {
      code: 'plan-has-conflicts',
      ...(conflicts[0]?.fix === undefined ? {} : { hint: conflicts[0].fix }),
    });
  }
  const acting = work.items.flatMap((item) => (item.action === undefined ? [] : [{ item, action: item.action }]));
  let left = acting.length;
  for (const phase of PHASES) {
    const steps = acting.filter(({ action }) => PHASE[action.kind] === phase);
    if (steps.length === 0) continue;
    if (signal?.aborted)
      throw new PodroleError(`stopped with ${acting.length - left} of ${acting.length} steps done`, {
        code: 'setup-interrupted',
        cause: signal.reason,
      });
    const failed = (await Promise.all(steps.map((step) => runStep(ports, { ...step, work }, signal)))).filter((step) => step !== undefined);
    if (failed.length > 0) throw incomplete(failed);
    left -= steps.length;
  }
}

interface FailedStep {
  readonly item: PlanItem;
  readonly error: unknown;
}

async function runStep(
  ports: SetupPorts,
  { item, action, work }: { readonly item: PlanItem; readonly action: SetupAction; readonly work: Work },
  signal?: AbortSignal,
): Promise<FailedStep | undefined> {
  try {
    await act(ports, { action, work }, signal);
  } catch (error) {
    work.told({ item, ok: false, error });
    return { item, error };
  }
  work.told({ item, ok: true });
  return undefined;
}

function incomplete(failed: readonly FailedStep[]): PodroleError {
  return new PodroleError(`setup is not complete: ${failed.map(({ item, error }) => `${item.object}: ${messageOf(error)}`).join('; ')}`, {
    code: 'setup-incomplete',
    retry: 'backoff',
    hint: 'mend the cause and run the same command again: what is done stays done',
    cause: failed[0]?.error,
  });
}

async function act(
  { aws, kube }: SetupPorts,
  { action, work }: { readonly action: SetupAction; readonly work: Work },
  signal?: AbortSignal,
): Promise<void> {
  switch (action.kind) {
    case 'create-provider':
      if ((await aws.createProvider({ ...action, tags: work.tags })) === 'exists') await expectProvider(aws, action);
      return;
    case 'add-client-id':
      return expectDone(await aws.addClientId(action.providerArn, action.clientId), `provider ${action.providerArn}`);
    case 'create-role': {
      const { role: name, trustPolicy, description } = action;
      if ((await aws.createRole({ name, trustPolicy, description, tags: work.tags })) === 'exists')
        await expectOwnRole(aws, name, work.tags);
      return;
    }
    case 'tag-role':
      return untilThere(work.clock, { role: action.role, write: () => aws.tagRole(action.role, action.tags) }, signal);
    case 'update-trust-policy':
      return untilThere(work.clock, { role: action.role, write: () => aws.updateTrustPolicy(action.role, action.document) }, signal);
    case 'put-inline-policy': {
      const { role, policy, document } = action;
      return untilThere(work.clock, { role, write: () => aws.putInlinePolicy(role, policy, document) }, signal);
    }
    case 'create-namespace':
      return kube.createNamespace(action.namespace);
    case 'apply-service-account':
      return kube.applyServiceAccount(action);
    case 'release-service-account':
      return kube.releaseServiceAccount(action);
    // What is gone already is as it should be.
    case 'delete-service-account':
      return void (await kube.deleteServiceAccount(action));
    case 'delete-inline-policy':
      return void (await aws.deleteInlinePolicy(action.role, action.policy));
    case 'detach-policy':
      return void (await aws.detachPolicy(action.role, action.policyArn));
    case 'delete-role':
      return void (await aws.deleteRole(action.role));
    case 'delete-provider':
      return void (await aws.deleteProvider(action.providerArn));
    case 'delete-profile':
      if ((await kube.deleteProfile(action.profile)) === 'deleted')
        await profileGone(kube, { profile: action.profile, clock: work.clock }, signal);
  }
}

/** A provider that appeared between plan and act is either our own lost answer, a run beside this one, or somebody's: good if it serves. */
async function expectProvider(aws: SetupPorts['aws'], action: Extract<SetupAction, { readonly kind: 'create-provider' }>): Promise<void> {
  const provider = await aws.provider(action.providerArn);
  const missing = action.clientIds.filter((id) => provider?.clientIds.includes(id) !== true);
  if (missing.length > 0)
    throw new PodroleError(`somebody made the provider meanwhile, without the audience ${missing.join(', ')}`, {
      code: 'provider-taken',
      hint: 'plan again',
    });
}

/** A role that appeared between plan and act is good only if it carries our tags: our own lost answer, or a run beside this one. */
async function expectOwnRole(aws: SetupPorts['aws'], name: string, tags: Tags): Promise<void> {
  const role = await aws.role(name);
  const maker = role && makerOf(role.tags, tags[CLUSTER_TAG] ?? '');
  if (maker?.kind !== 'setup' || maker.adopted)
    throw new PodroleError(`somebody else made role ${name} meanwhile`, { code: 'role-taken', hint: 'plan again' });
}

function expectDone(written: 'done' | 'absent', object: string): void {
  if (written === 'absent') throw new PodroleError(`${object} has gone meanwhile`, { code: 'object-gone', hint: 'plan again' });
}

async function untilThere(
  clock: Clock,
  { role, write }: { readonly role: string; readonly write: () => Promise<'done' | 'absent'> },
  signal?: AbortSignal,
): Promise<void> {
  const appeared = await repeat(clock, { ms: APPEAR_MS, look: async () => (await write()) === 'done' }, signal);
  if (!appeared)
    throw new PodroleError(`role ${role} cannot be found, ${APPEAR_MS / 1000} s after it was there or made`, {
      code: 'object-gone',
      hint: 'plan again',
    });
}

async function profileGone(
  kube: SetupPorts['kube'],
  { profile, clock }: { readonly profile: string; readonly clock: Clock },
  signal?: AbortSignal,
): Promise<void> {
  const gone = await repeat(clock, { ms: PROFILE_MS, look: async () => !(await kube.profileExists(profile)) }, signal);
  if (!gone)
    throw new PodroleError(`profile ${profile} is still there after ${PROFILE_MS / 1000} s`, {
      code: 'profile-stuck',
      hint: `is the Profile controller running? \`kubectl get profile ${profile} -o yaml\` shows what it waits for`,
    });
}

/** Looks at once and then after growing pauses, until it is so or the time is over. */
async function repeat(
  clock: Clock,
  { ms, look }: { readonly ms: number; readonly look: () => Promise<boolean> },
  signal?: AbortSignal,
): Promise<boolean> {
  const end = clock.monotonic() + ms;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    if (await look()) return true;
    if (clock.monotonic() + pause > end) return false;
    await sleep(clock, pause, signal);
  }
}
