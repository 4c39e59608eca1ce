import type { TrustExplanation } from '../../iam/explain-trust.ts';
import { renderExplanation } from '../../iam/render-explanation.ts';
import { resources } from '../../kube/core/resource.ts';
import type { Decision } from '../../sandbox/aws/decision-log.ts';
import { borrowingPod, readBucketPolicy } from './manifests.ts';
import type { StepPlan } from './walk.ts';
import { BUCKET, OBJECT_BODY, OBJECT_KEY, POD, UNTRUSTED_POD, USER_ROLE, type WalkWorld } from './walk-world.ts';
import { inWords, type WorkloadLine, workloadLine } from './workload-line.ts';

/** One sentence of the decision log: the evaluator's nearest miss, or what stands in its place. */
function whyRefused(decision: Decision | undefined): string {
  if (decision === undefined) return 'the decision log says nothing of it';
  if (decision.reason !== 'trust-policy') return decision.message;
  const [verdict, nearest] = renderExplanation(decision.explanation as TrustExplanation);
  return nearest ?? verdict ?? decision.message;
}

/** Step 5: a permission makes the difference for the pod that holds the role; a pod that does not hold it is refused, with the reason. */
export const permissionStep: StepPlan<WalkWorld> = {
  name: 'the user attaches a policy to the role: read one bucket',
  run: async (world, signal) => {
    const { sandbox, actor, kubelet } = world;
    await actor.s3.createBucket(BUCKET, signal);
    await actor.s3.put(BUCKET, OBJECT_KEY, OBJECT_BODY, signal);
    const read = async (): Promise<readonly [WorkloadLine | undefined, string]> => {
      const { stdout, stderr } = await kubelet.exec(POD, ['get-object', BUCKET, OBJECT_KEY], signal);
      return [workloadLine(stdout, 'get-object'), stderr];
    };
    const [before, beforeStderr] = await read();
    await actor.policies.putInline(USER_ROLE(sandbox.cluster), 'read-one-bucket', readBucketPolicy(BUCKET), signal);
    const [after, afterStderr] = await read();

    await actor.kube.create(resources.pods, borrowingPod(sandbox, UNTRUSTED_POD), {}, signal);
    await kubelet.run(UNTRUSTED_POD, signal);
    const refused = await kubelet.exec(UNTRUSTED_POD, ['get-caller-identity'], signal);
    const borrower = workloadLine(refused.stdout, 'get-caller-identity');
    const [decision] = sandbox.aws.decisions
      .list({
        operation: 'sts:AssumeRoleWithWebIdentity',
        verdict: 'deny',
        subject: `system:serviceaccount:${UNTRUSTED_POD.namespace}:default-viewer`,
      })
      .slice(-1);
    const ok =
      before?.ok === false &&
      before.code === 'AccessDenied' &&
      after?.ok === true &&
      after.body === OBJECT_BODY &&
      borrower?.ok === false &&
      borrower.code === 'AccessDenied' &&
      decision !== undefined;
    return {
      ok,
      observed: [
        `s3:GetObject before: ${inWords(before, beforeStderr)}`,
        `s3:GetObject after:  ${after?.ok === true ? JSON.stringify(after.body) : inWords(after, afterStderr)}`,
        `a pod of default-viewer that helps itself to the role: ${inWords(borrower, refused.stderr)}`,
        `why: ${whyRefused(decision)}`,
      ].join('\n'),
    };
  },
};
