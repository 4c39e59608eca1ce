import { PodroleError } from '../../base/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resources } from '../../kube/core/resource.ts';
import { type ExecIdentity, type IdentityOverrides, TOKEN_SECONDS } from './exec-identity.ts';
import { type ExecPod, podEnvironment } from './pod-environment.ts';
import { checkRole } from './service-account-identity.ts';

/** What Kubernetes fills in where a projected token names no life of its own, in seconds (API reference, ServiceAccountTokenProjection). */
const PROJECTED_TOKEN_SECONDS = 3_600;

interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The AWS identity of a pod, variable by variable, with a token bound to it like the one in its volume.
 * Rejects with `pod-not-found`, `container-not-found`, `pod-has-no-role` or `pod-identity-agent`, or what the API server refused.
 */
export async function podIdentity(
  kube: KubeClient,
  target: PodName,
  overrides: IdentityOverrides,
  signal: AbortSignal,
): Promise<ExecIdentity> {
  const { namespace, name } = target;
  const pod = await kube.find<ExecPod>(resources.pods, target, signal);
  if (pod === undefined)
    throw new PodroleError(`there is no pod ${name} in namespace ${namespace}`, {
      code: 'pod-not-found',
      hint: `kubectl get pods -n ${namespace}; is it the right --context?`,
    });
  const environment = podEnvironment(pod, overrides.container);
  if (environment === undefined)
    throw new PodroleError(`pod ${name} in ${namespace} has no container ${overrides.container ?? ''}`, {
      code: 'container-not-found',
      hint: `it has ${pod.spec.containers.map((container) => container.name).join(', ')}`,
    });
  const { variables, container, token } = environment;
  const roleArn = overrides.roleArn ?? variables.AWS_ROLE_ARN;
  if (roleArn === undefined) {
    if (variables.AWS_CONTAINER_CREDENTIALS_FULL_URI !== undefined)
      throw new PodroleError(`pod ${name} in ${namespace} uses EKS Pod Identity, whose agent answers on the pod's own node alone`, {
        code: 'pod-identity-agent',
        hint: 'name a role that trusts the service account with --role',
      });
    throw new PodroleError(`container ${container} of pod ${name} in ${namespace} has no AWS_ROLE_ARN: it was not injected`, {
      code: 'pod-has-no-role',
      hint: 'was its service account annotated before the pod was made? recreate the pod, or name a role with --role',
    });
  }
  checkRole(roleArn, overrides.roleArn === undefined ? `AWS_ROLE_ARN of pod ${name} in ${namespace}` : '--role');
  const audience = overrides.audience ?? token?.audience;
  return {
    serviceAccount: { namespace, name: pod.spec.serviceAccountName ?? 'default' },
    roleArn,
    token: {
      // A projected token without an audience is one for the API server: asked for in the same way.
      audiences: audience === undefined ? [] : [audience],
      expirationSeconds:
        overrides.durationSeconds ?? (token === undefined ? TOKEN_SECONDS : (token.expirationSeconds ?? PROJECTED_TOKEN_SECONDS)),
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }) },
    },
    variables,
    exact: true,
    notes: [
      ...environment.notes,
      ...(token === undefined
        ? [`the token file of container ${container} lies in no projected volume; audience and life are podrole's own choice`]
        : []),
    ],
  };
}
