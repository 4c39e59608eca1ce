import { assumeRoleWithWebIdentity, callerIdentity } from '../../aws/account.ts';
import type { StaticCredentials } from '../../aws/client-options.ts';
import { AwsRefusal } from '../../aws/errors.ts';
import { resources } from '../../kube/core/resource.ts';
import { until } from './observe.ts';
import { subject, subjectsOf } from './step-profiles.ts';
import { admits } from './step-setup.ts';
import type { StepPlan } from './walk.ts';
import { POD, UNTRUSTED_POD, USER_ROLE, userRoleArn, type WalkWorld } from './walk-world.ts';

/** Step 6: the profiles go, one after the other, and what they held goes with them. */
export const deletionStep: StepPlan<WalkWorld> = {
  name: 'the Profiles are deleted, user-a first',
  run: async (world, signal) => {
    const { actor, kubelet, notes } = world;
    const issuedToB = await actor.kube.createToken(
      { namespace: 'user-b', name: 'default-editor' },
      { audiences: ['sts.amazonaws.com'] },
      signal,
    );
    notes.tokens.set('user-b', issuedToB.token);
    const issuedBefore = await exchange(world, 'user-a', signal);

    await actor.kube.delete(resources.profiles, { name: 'user-a' }, {}, signal);
    const withoutA = await gone(world, 'user-a', signal);
    const afterA = subjectsOf(withoutA, world.sandbox.issuer);
    const oldToken = await exchange(world, 'user-a', signal);
    const stillB = await exchange(world, 'user-b', signal);
    const liveOn = typeof issuedBefore === 'string' ? issuedBefore : await identity(world, issuedBefore, signal);
    await Promise.all([kubelet.stop(POD), kubelet.stop(UNTRUSTED_POD)]);

    await actor.kube.delete(resources.profiles, { name: 'user-b' }, {}, signal);
    const withoutAny = await gone(world, 'user-b', signal);
    const closed = subjectsOf(withoutAny, world.sandbox.issuer).length === 0 && !admits(world, withoutAny);
    const refusedB = await exchange(world, 'user-b', signal);

    const refusal = (answer: StaticCredentials | string): string => (typeof answer === 'string' ? answer : 'still accepted');
    return {
      ok:
        afterA.length === 1 &&
        afterA[0] === subject('user-b') &&
        oldToken === 'AccessDenied' &&
        typeof stillB !== 'string' &&
        closed &&
        refusedB === 'AccessDenied',
      observed: [
        `user-a gone: the trust policy names ${afterA.join(', ') || 'nobody'}; user-a's old token: ${refusal(oldToken)}; user-b's: ${typeof stillB === 'string' ? stillB : 'accepted'}`,
        `user-b gone: the role is ${closed ? 'closed, not open' : 'NOT closed'}; user-b's old token: ${refusal(refusedB)}`,
        `credentials that were issued before live on until they expire (GetCallerIdentity with user-a's: ${liveOn}); to cut them off, attach a policy to ${USER_ROLE(world.sandbox.cluster)} that denies every action where aws:TokenIssueTime is earlier than now`,
      ].join('\n'),
      detail: JSON.stringify(JSON.parse(withoutAny)),
    };
  },
};

/** Waits until the profile and its namespace are gone; answers the role's trust policy then. */
async function gone(world: WalkWorld, profile: string, signal: AbortSignal): Promise<string> {
  const { clock, observer, sandbox } = world;
  await until(
    clock,
    {
      what: `profile ${profile} and its namespace gone`,
      ms: world.patienceMs,
      look: async () => {
        const [object, namespace] = await Promise.all([
          observer.kube.find(resources.profiles, { name: profile }, signal),
          observer.kube.find(resources.namespaces, { name: profile }, signal),
        ]);
        if (object === undefined && namespace === undefined) return { found: true };
        return {
          seen:
            object === undefined
              ? 'the namespace is still there'
              : `the profile waits for ${object.metadata.finalizers?.join(', ') ?? 'nothing'}`,
        };
      },
    },
    signal,
  );
  return (await observer.roles.get(USER_ROLE(sandbox.cluster), signal))?.trustPolicy ?? '';
}

/** Exchanges a profile's token: credentials, or AWS's code. */
async function exchange({ sandbox, notes }: WalkWorld, profile: string, signal: AbortSignal): Promise<StaticCredentials | string> {
  try {
    const { region, endpoint, ca } = sandbox.adminTarget;
    return await assumeRoleWithWebIdentity(
      { region, endpoint, ca },
      { roleArn: userRoleArn(sandbox), sessionName: `walk-${profile}`, token: notes.tokens.get(profile) ?? '' },
      signal,
    );
  } catch (error) {
    if (error instanceof AwsRefusal) return error.awsCode;
    throw error;
  }
}

async function identity({ sandbox }: WalkWorld, credentials: StaticCredentials, signal: AbortSignal): Promise<string> {
  try {
    return (await callerIdentity({ ...sandbox.adminTarget, credentials }, signal)).arn;
  } catch (error) {
    if (error instanceof AwsRefusal) return error.awsCode;
    throw error;
  }
}
