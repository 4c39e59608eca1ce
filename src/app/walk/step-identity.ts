import { readFile } from 'node:fs/promises';
import { until } from './observe.ts';
import type { StepPlan } from './walk.ts';
import { POD, USER_ROLE, type WalkWorld } from './walk-world.ts';
import { inWords, workloadLine } from './workload-line.ts';

/** Step 4: the pod's container lives as a local process, and an unmodified SDK in it says who it is. */
export const identityStep: StepPlan<WalkWorld> = {
  name: 'the pod runs an unmodified AWS SDK with its default chain',
  run: async (world, signal) => {
    const { sandbox, clock, kubelet, notes } = world;
    const pod = await kubelet.run(POD, signal);
    const line = await until(
      clock,
      {
        what: 'an answer of the SDK in the pod',
        ms: world.patienceMs,
        look: async () => {
          const found = workloadLine(pod.logs(), 'get-caller-identity');
          return found === undefined ? { seen: pod.logs() || 'no output' } : { found };
        },
      },
      signal,
    );
    const tokenFile = pod.environment.env.AWS_WEB_IDENTITY_TOKEN_FILE;
    if (tokenFile !== undefined) notes.tokens.set(POD.namespace, await readFile(tokenFile, 'utf8'));
    const expected = `arn:aws:sts::${sandbox.account}:assumed-role/${USER_ROLE(sandbox.cluster)}/`;
    const ok = line.ok && String(line.arn).startsWith(expected);
    return {
      ok,
      observed: line.ok ? `GetCallerIdentity answers ${String(line.arn)}` : inWords(line, ''),
      detail: [
        `environment: ${Object.keys(pod.environment.env).sort().join(' ')}`,
        ...pod.environment.rewrites.map(
          ({ name, from }) => `${name}=${from} is served below the pod's own folder, as no laptop lets us write there`,
        ),
      ].join('\n'),
    };
  },
};
