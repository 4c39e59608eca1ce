import type { AwsTarget } from '../../aws/client-options.ts';
import { messageOf, PodroleError } from '../../base/errors.ts';
import { parseRoleArn } from '../../iam/arn.ts';
import type { PodFinding } from '../../webhook/pod-findings.ts';
import { explainClaims } from '../run-explain.ts';
import { readRoleTrust } from '../run-trust.ts';
import { readRoleInCluster } from '../run-who-can.ts';
import { chooseProvider } from '../trust-provider.ts';

/** Where the trust policy of a role comes from. */
export type RoleAccess =
  | { readonly kind: 'policy'; readonly from: string; readonly text: string; readonly providerArn: string | undefined }
  | {
      readonly kind: 'iam';
      readonly target: AwsTarget;
      readonly providerArn: string | undefined;
      readonly cluster: ClusterOfRole | undefined;
    };

/** The cluster whose issuer counts; absent: the only provider that the policy names does. */
export interface ClusterOfRole {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Who wants to assume what, with which audience. */
export interface RoleWish {
  readonly role: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
}

/** What the role says to the service account. `unknown` where it could not be asked: never a failure. */
export interface RoleCheck {
  readonly role: string;
  readonly policy: string | undefined;
  readonly verdict: 'allow' | 'deny' | 'unknown';
  readonly sentences: readonly string[];
  readonly findings: readonly PodFinding[];
}

/** Asks the trust policy of a role whether it lets the service account in. Rejects with the signal's reason alone. */
export async function checkRole(wish: RoleWish, access: RoleAccess, signal: AbortSignal): Promise<RoleCheck> {
  if (!parseRoleArn(wish.role).ok) return unknown(wish, 'it is no role ARN');
  try {
    const facts = await factsOf(wish, access, signal);
    return 'unclear' in facts ? unknown(wish, facts.unclear) : judged(wish, facts);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PodroleError && error.code === 'trust-not-found')
      return denied(wish, undefined, [
        {
          code: 'RoleNotFound',
          severity: 'error',
          message: `role ${wish.role} does not exist in the account that was asked`,
          remedy: 'correct the role-arn annotation, or ask with credentials of the role’s account',
        },
      ]);
    return unknown(wish, messageOf(error));
  }
}

interface RoleFacts {
  readonly from: string;
  readonly policy: string;
  readonly providerArn: string;
  readonly issuer: string;
  /** `undefined`: not known. */
  readonly clientIds: readonly string[] | 'not-registered' | undefined;
}

async function factsOf(wish: RoleWish, access: RoleAccess, signal: AbortSignal): Promise<RoleFacts | { readonly unclear: string }> {
  if (access.kind === 'iam' && access.cluster !== undefined) {
    const found = await readRoleInCluster({ role: wish.role, target: access.target, ...access.cluster }, signal);
    found.kube.close();
    const { source, providerArn, issuer, clientIds } = found;
    return { from: source.from, policy: source.text, providerArn, issuer, clientIds: clientIds ?? 'not-registered' };
  }
  const { from, text } = access.kind === 'policy' ? access : await readRoleTrust(wish.role, access.target, signal);
  const provider = chooseProvider(text, { providerArn: access.providerArn });
  if (!provider.ok) return { unclear: provider.problems.map(({ message }) => message).join('; ') };
  return { from, policy: text, providerArn: provider.providerArn, issuer: provider.issuer, clientIds: undefined };
}

function judged(wish: RoleWish, facts: RoleFacts): RoleCheck {
  const { role, namespace, serviceAccount, audience } = wish;
  const explained = explainClaims({
    policy: facts.policy,
    claims: { iss: facts.issuer, sub: `system:serviceaccount:${namespace}:${serviceAccount}`, aud: audience },
    providerArn: facts.providerArn,
    roleArn: role,
    sessionName: 'podrole',
  });
  if (!explained.ok) return unknown(wish, explained.problems.map(({ message }) => message).join('; '));
  const sentences = explained.judgements.flatMap((judgement) => judgement.sentences);
  const findings: PodFinding[] = [];
  if (facts.clientIds === 'not-registered')
    findings.push({
      code: 'ProviderNotRegistered',
      severity: 'error',
      message: `${facts.providerArn} is not registered, so STS refuses every token of the cluster`,
      remedy: 'create the OIDC provider in the account of the role: podrole setup plan shows how',
    });
  else if (facts.clientIds !== undefined && !facts.clientIds.includes(audience))
    findings.push({
      code: 'AudienceNotRegistered',
      severity: 'error',
      message: `${audience === '' ? 'the empty audience' : audience} is not among the client ids of ${facts.providerArn} (${facts.clientIds.join(', ') || 'none'})`,
      remedy: 'add it to the client ids of the provider, or name one of them in the audience annotation',
    });
  if (explained.verdict === 'deny')
    findings.push({
      code: 'RoleRefusesSubject',
      severity: 'error',
      message: `the trust policy of ${role} does not let ${namespace}:${serviceAccount} in: ${sentences.join(' ')}`,
      remedy: `podrole trust edit ${role} --add ${namespace}:${serviceAccount}`,
    });
  if (findings.length > 0) return denied(wish, facts.from, findings, sentences);
  return { role, policy: facts.from, verdict: 'allow', sentences, findings };
}

function denied(
  { role }: RoleWish,
  policy: string | undefined,
  findings: readonly PodFinding[],
  sentences: readonly string[] = [],
): RoleCheck {
  return { role, policy, verdict: 'deny', sentences, findings };
}

function unknown({ role }: RoleWish, because: string): RoleCheck {
  const finding: PodFinding = {
    code: 'RoleUnchecked',
    severity: 'warning',
    message: `whether ${role} lets the service account in is not known: ${because}`,
    remedy: 'ask with credentials that may call iam:GetRole and iam:GetOpenIDConnectProvider, or give the trust policy with --policy FILE',
  };
  return { role, policy: undefined, verdict: 'unknown', sentences: [], findings: [finding] };
}
