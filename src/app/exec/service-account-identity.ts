import { PodroleError } from '../../base/errors.ts';
import { parseRoleArn } from '../../iam/arn.ts';
import { annotationKeys } from '../../identity/annotations.ts';
import { STS_REGIONAL_ENDPOINTS } from '../../identity/environment.ts';
import { WEB_IDENTITY } from '../../identity/token-volume.ts';
import { KubeApiError } from '../../kube/client/errors.ts';
import type { KubeClient } from '../../kube/client/kube-client.ts';
import { resources } from '../../kube/core/resource.ts';
import { type ExecIdentity, type IdentityOverrides, TOKEN_SECONDS } from './exec-identity.ts';

/** Go's `strconv.ParseBool`, as upstream reads the annotation. */
const GO_TRUE = /^(?:1|t|T|TRUE|true|True)$/;

interface Account {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The identity of a service account, as its annotations say. The role is a caller's or the annotation's; with a caller's role an account
 * that may not be read is no obstacle. Rejects with `service-account-not-found`, `service-account-forbidden`, `role-annotation-missing`, `role-invalid`, or what the API server refused.
 */
export async function serviceAccountIdentity(
  kube: KubeClient,
  account: Account,
  overrides: IdentityOverrides,
  signal: AbortSignal,
): Promise<ExecIdentity> {
  const { namespace, name } = account;
  const keys = annotationKeys();
  const annotations = await annotationsOf(kube, account, overrides, signal);
  const roleArn = overrides.roleArn ?? annotations[keys.roleArn];
  if (roleArn === undefined || roleArn === '')
    throw new PodroleError(`service account ${name} in ${namespace} has no annotation ${keys.roleArn}`, {
      code: 'role-annotation-missing',
      hint: `name a role with --role, or: kubectl annotate serviceaccount -n ${namespace} ${name} ${keys.roleArn}=ROLE_ARN`,
    });
  checkRole(roleArn, overrides.roleArn === undefined ? `annotation ${keys.roleArn} of service account ${name} in ${namespace}` : '--role');
  return {
    serviceAccount: account,
    roleArn,
    token: {
      audiences: [overrides.audience ?? annotations[keys.audience] ?? WEB_IDENTITY.audience],
      expirationSeconds: overrides.durationSeconds ?? TOKEN_SECONDS,
    },
    variables: GO_TRUE.test(annotations[keys.stsRegionalEndpoints] ?? '') ? { [STS_REGIONAL_ENDPOINTS]: 'regional' } : {},
    exact: false,
    notes: [],
  };
}

/** Throws `role-invalid`, naming where the text came from. */
export function checkRole(roleArn: string, from: string): void {
  if (!parseRoleArn(roleArn).ok)
    throw new PodroleError(`${from} is not the ARN of a role: ${JSON.stringify(roleArn)}`, {
      code: 'role-invalid',
      hint: 'it looks like arn:aws:iam::111122223333:role/NAME',
    });
}

async function annotationsOf(
  kube: KubeClient,
  account: Account,
  overrides: IdentityOverrides,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  try {
    const found = await kube.find(resources.serviceAccounts, account, signal);
    if (found !== undefined) return found.metadata.annotations ?? {};
  } catch (error) {
    if (!(error instanceof KubeApiError) || error.httpStatus !== 403) throw error;
    if (overrides.roleArn !== undefined) return {};
    throw new PodroleError(`service account ${account.name} in ${account.namespace} may not be read with these credentials`, {
      code: 'service-account-forbidden',
      hint: 'name the role with --role; or is it the wrong --context?',
      cause: error,
    });
  }
  throw new PodroleError(`there is no service account ${account.name} in namespace ${account.namespace}`, {
    code: 'service-account-not-found',
    hint: `kubectl get serviceaccounts -n ${account.namespace}; is it the right --context?`,
  });
}
