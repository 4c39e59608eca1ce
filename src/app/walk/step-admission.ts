import { stringify } from 'yaml';
import type { KubeObject } from '../../kube/core/object.ts';
import { resources } from '../../kube/core/resource.ts';
import { notebookPod } from './manifests.ts';
import type { StepPlan } from './walk.ts';
import { POD, userRoleArn, type WalkWorld } from './walk-world.ts';

interface PodParts {
  readonly volumes?: readonly { readonly name: string }[];
  readonly containers?: readonly {
    readonly name: string;
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts?: readonly { readonly name: string }[];
  }[];
}

/** Step 3: a pod is created, and comes back with what the webhook added. */
export const admissionStep: StepPlan<WalkWorld> = {
  name: 'a pod of user-a’s default-editor is created',
  run: async (world, signal) => {
    const { sandbox, actor, observer } = world;
    const sent = notebookPod(sandbox, POD);
    await actor.kube.create(resources.pods, sent, {}, signal);
    const stored = await observer.kube.get(resources.pods, POD, signal);
    const spec = stored.spec as PodParts;
    const [container] = spec.containers ?? [];
    const role = container?.env?.find(({ name }) => name === 'AWS_ROLE_ARN')?.value;
    const file = container?.env?.find(({ name }) => name === 'AWS_WEB_IDENTITY_TOKEN_FILE')?.value;
    const volume = spec.volumes?.some(({ name }) => name === 'aws-iam-token') === true;
    const mount = container?.volumeMounts?.some(({ name }) => name === 'aws-iam-token') === true;
    const ok = role === userRoleArn(sandbox) && file !== undefined && volume && mount;
    return {
      ok,
      observed: ok
        ? 'the stored pod has a projected token, its mount and the SDK’s environment:'
        : 'the stored pod was not changed by the webhook:',
      diff: { before: excerpt(sent), after: excerpt(stored) },
    };
  },
};

/** The parts that the webhook may touch, without the API server's own token volume. */
function excerpt(pod: KubeObject): string {
  const own = <T extends { readonly name: string }>(items: readonly T[] | undefined): readonly T[] =>
    (items ?? []).filter(({ name }) => !name.startsWith('kube-api-access-'));
  const spec = pod.spec as PodParts;
  const containers = (spec.containers ?? []).map(({ name, env, volumeMounts }) => {
    const mounts = own(volumeMounts);
    return { name, ...(env === undefined ? {} : { env }), ...(mounts.length === 0 ? {} : { volumeMounts: mounts }) };
  });
  const volumes = own(spec.volumes);
  return stringify({ spec: { containers, ...(volumes.length === 0 ? {} : { volumes }) } });
}
