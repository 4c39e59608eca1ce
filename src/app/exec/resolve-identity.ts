import { PodroleError } from '../../base/errors.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { IssuedToken, KubeClient } from '../../kube/client/kube-client.ts';
import type { ExecIdentity, IdentityOverrides } from './exec-identity.ts';
import type { IdentityArgument } from './identity-argument.ts';
import { podIdentity } from './pod-identity.ts';
import { serviceAccountIdentity } from './service-account-identity.ts';

/** The identity behind `sa/…` or `pod/…`. Rejects as `serviceAccountIdentity` and `podIdentity`. */
export function resolveIdentity(
  kube: KubeClient,
  { kind, ...target }: IdentityArgument,
  overrides: IdentityOverrides,
  signal: AbortSignal,
): Promise<ExecIdentity> {
  return kind === 'pod' ? podIdentity(kube, target, overrides, signal) : serviceAccountIdentity(kube, target, overrides, signal);
}

/** A token of the identity. Rejects with `token-request-forbidden`, `service-account-not-found` or what the API server refused. */
export async function issueToken(kube: KubeClient, { serviceAccount, token }: ExecIdentity, signal: AbortSignal): Promise<IssuedToken> {
  const { namespace, name } = serviceAccount;
  try {
    return await kube.createToken(serviceAccount, token, signal);
  } catch (cause) {
    if (!(cause instanceof KubeApiError)) throw cause;
    if (cause.httpStatus === 403)
      throw new PodroleError(`tokens of service account ${name} in ${namespace} may not be requested with these credentials`, {
        code: 'token-request-forbidden',
        hint: `a Role in ${namespace} must allow create on serviceaccounts/token; or is it the wrong --context?`,
        cause,
      });
    if (cause.httpStatus === 404)
      throw new PodroleError(`there is no service account ${name} in namespace ${namespace}`, {
        code: 'service-account-not-found',
        hint: 'is it the right --context?',
        cause,
      });
    throw cause;
  }
}
