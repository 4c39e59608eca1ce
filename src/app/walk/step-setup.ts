import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PodroleError } from '../../base/errors.ts';
import { evaluateTrust } from '../../iam/evaluate-trust.ts';
import { resources } from '../../kube/core/resource.ts';
import { packageRoot } from '../package-root.ts';
import { planWith, readKfDef } from '../run-setup.ts';
import type { StepPlan } from './walk.ts';
import { ADMIN_ROLE, providerArn, USER_ROLE, userRoleArn, type WalkWorld } from './walk-world.ts';

/** The service accounts of the control plane that hold the admin role. */
const CONTROL_PLANE = ['kf-admin', 'alb-ingress-controller', 'profiles-controller-service-account'];

/** Step 1: the seed's KfDef is applied. */
export const setupStep: StepPlan<WalkWorld> = {
  name: 'setup applies examples/kfctl_aws.yaml',
  run: async (world, signal) => {
    const { sandbox, observer } = world;
    const text = await readFile(join(packageRoot(), 'examples/kfctl_aws.yaml'), 'utf8');
    const read = readKfDef(text, { cluster: sandbox.cluster });
    if (!read.ok)
      throw new PodroleError(read.problems.map(({ path, message }) => `${path}: ${message}`).join('; '), { code: 'example-invalid' });
    const setup = await planWith({ request: read.request, region: sandbox.region }, world.setup, signal);
    await setup.apply(() => undefined, signal);
    await world.startServers(signal);

    const [provider, admin, user, adminPolicies, userPolicies, annotated] = await Promise.all([
      observer.providers.get(providerArn(sandbox), signal),
      observer.roles.get(ADMIN_ROLE(sandbox.cluster), signal),
      observer.roles.get(USER_ROLE(sandbox.cluster), signal),
      observer.roles.policiesOf(ADMIN_ROLE(sandbox.cluster), signal),
      observer.roles.policiesOf(USER_ROLE(sandbox.cluster), signal),
      annotatedAccounts(world, signal),
    ]);
    const closed = user !== undefined && !admits(world, user.trustPolicy);
    const policies = userPolicies.inline.length + userPolicies.attached.length;
    const ok =
      provider?.clientIds.includes('sts.amazonaws.com') === true &&
      admin !== undefined &&
      adminPolicies.inline.length > 0 &&
      annotated.length === CONTROL_PLANE.length &&
      policies === 0 &&
      closed;
    return {
      ok,
      observed: [
        provider === undefined
          ? `no OIDC provider for ${sandbox.issuer}`
          : `OIDC provider ${provider.arn.split('oidc-provider/')[1]} for ${provider.clientIds.join(', ') || 'no audience'}`,
        `${ADMIN_ROLE(sandbox.cluster)}: ${adminPolicies.inline.join(', ') || 'no policy'}; held by ${annotated.join(', ') || 'no service account'}`,
        `${USER_ROLE(sandbox.cluster)}: ${policies === 0 ? 'no policy' : `${policies} policies`}, ${closed ? 'closed: nobody can assume it yet' : 'NOT closed'}`,
      ].join('\n'),
    };
  },
};

async function annotatedAccounts({ sandbox, observer }: WalkWorld, signal: AbortSignal): Promise<readonly string[]> {
  const arn = `arn:aws:iam::${sandbox.account}:role/${ADMIN_ROLE(sandbox.cluster)}`;
  const found = await Promise.all(
    CONTROL_PLANE.map(async (name) => {
      const account = await observer.kube.find(resources.serviceAccounts, { namespace: 'kubeflow', name }, signal);
      return account?.metadata.annotations?.['eks.amazonaws.com/role-arn'] === arn ? `kubeflow/${name}` : undefined;
    }),
  );
  return found.filter((name) => name !== undefined);
}

/** Whether a token of this cluster that nobody named gets in by this trust policy. */
export function admits({ sandbox }: WalkWorld, trustPolicy: string, subject = 'system:serviceaccount:nobody:nobody'): boolean {
  return (
    evaluateTrust(trustPolicy, {
      action: 'sts:AssumeRoleWithWebIdentity',
      account: sandbox.account,
      roleArn: userRoleArn(sandbox),
      providerArn: providerArn(sandbox),
      issuer: sandbox.issuer,
      sessionName: 'podrole',
      claims: { iss: sandbox.issuer, sub: subject, aud: 'sts.amazonaws.com' },
    }).verdict === 'allow'
  );
}
