import { callerIdentity } from '../aws/account.ts';
import type { AwsTarget } from '../aws/client-options.ts';
import { describeCluster } from '../aws/eks-clusters.ts';
import { createIamPolicies } from '../aws/iam-policies.ts';
import { createIamProviders } from '../aws/iam-providers.ts';
import { createIamRoles } from '../aws/iam-roles.ts';
import { PodroleError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { roleName } from '../identity/role-names.ts';
import { statementSid } from '../identity/statement-id.ts';
import type { KubeClient } from '../kube/client/kube-client.ts';
import { resources } from '../kube/core/resource.ts';
import { applySetup } from '../setup/apply.ts';
import { desiredState } from '../setup/desired-state.ts';
import { gatherFacts, gatherSite } from '../setup/gather.ts';
import { type KfDefOptions, type KfDefResult, parseKfDef, type SetupRequest } from '../setup/kf-def.ts';
import { type Plan, type PlanItem, planSetup, planSummary } from '../setup/plan.ts';
import type { SetupPorts } from '../setup/ports.ts';
import { connectCluster } from './cluster-connection.ts';
import { sha256Hex } from './sha256.ts';

const FIELD_MANAGER = 'podrole-setup';
const DEFAULT_TRUST_POLICY_QUOTA = 2048;

/** A plan that can be carried out. */
export interface SetupPlan {
  readonly plan: Plan;
  readonly summary: ReturnType<typeof planSummary>;
  apply(told: (item: PlanItem, ok: boolean) => void, signal?: AbortSignal): Promise<void>;
}

export interface SetupInput {
  readonly request: SetupRequest;
  readonly region: string | undefined;
  readonly endpoint?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads a KfDef's text. */
export function readKfDef(text: string, options: KfDefOptions): KfDefResult {
  return parseKfDef(text, options);
}

/** Connects by kubeconfig and AWS's own credential chain, reads what exists and plans. */
export async function prepareSetup(input: SetupInput, signal?: AbortSignal): Promise<SetupPlan> {
  const kube = await connectCluster({ kubeconfig: input.kubeconfig, context: input.context, env: input.env, userAgent: FIELD_MANAGER });
  return planWith(
    { request: input.request, region: input.region },
    setupPorts({ region: input.region, endpoint: input.endpoint }, kube.client),
    signal,
  );
}

/** The same over wires that are there already. */
export async function planWith(
  asked: { readonly request: SetupRequest; readonly region: string | undefined },
  ports: SetupPorts,
  signal?: AbortSignal,
): Promise<SetupPlan> {
  const { request, region } = asked;
  const site = await gatherSite(ports, { cluster: request.cluster, region }, signal);
  const name = (role: 'admin' | 'user'): string => roleName({ role, cluster: request.cluster }, sha256Hex);
  const desired = desiredState(request, site, { admin: name('admin'), user: name('user'), version: VERSION });
  const facts = await gatherFacts(ports, desired, signal);
  const sid = statementSid(desired.provider.arn, sha256Hex);
  const plan = planSetup({ cluster: request.cluster, site, desired, facts, sid, quota: DEFAULT_TRUST_POLICY_QUOTA });
  return {
    plan,
    summary: planSummary(plan),
    apply: (told, applySignal) => applySetup(ports, { plan, told: ({ item, ok }) => told(item, ok) }, applySignal),
  };
}

/** Setup's ports over the AWS and Kubernetes wires. */
export function setupPorts(target: AwsTarget, kube: KubeClient): SetupPorts {
  const roles = createIamRoles(target);
  const providers = createIamProviders(target);
  const policies = createIamPolicies(target);
  return {
    aws: {
      identity: (signal) => callerIdentity(target, signal),
      cluster: (name, signal) => describeCluster(target, name, signal),
      provider: (arn, signal) => providers.get(arn, signal),
      role: (name, signal) => roles.get(name, signal),
      inlinePolicy: (role, policy, signal) => policies.getInline(role, policy, signal),
      createProvider: async (provider, signal) => {
        await providers.create(provider, signal);
      },
      addClientId: (arn, clientId, signal) => providers.addClientId(arn, clientId, signal),
      createRole: async (role, signal) => {
        await roles.create(role, signal);
      },
      updateTrustPolicy: (role, document, signal) => roles.updateTrustPolicy(role, document, signal),
      putInlinePolicy: (role, policy, document, signal) => policies.putInline(role, policy, document, signal),
    },
    kube: {
      issuer: (signal) => clusterIssuer(kube, signal),
      namespaceExists: async (name, signal) => (await kube.find(resources.namespaces, { name }, signal)) !== undefined,
      serviceAccount: (account, signal) => kube.find(resources.serviceAccounts, account, signal),
      createNamespace: async (name, signal) => {
        const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
        await kube.apply(resources.namespaces, namespace, { fieldManager: FIELD_MANAGER }, signal);
      },
      annotateServiceAccount: async ({ namespace, name }, annotations, signal) => {
        const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name, annotations } };
        await kube.apply(resources.serviceAccounts, account, { fieldManager: FIELD_MANAGER, force: true }, signal);
      },
    },
  };
}

/** The issuer by the API server's own discovery document. Rejects with `issuer-unknown`. */
export async function clusterIssuer(kube: KubeClient, signal?: AbortSignal): Promise<string> {
  const document = await kube.raw('GET', '/.well-known/openid-configuration', undefined, signal);
  const issuer = (document as { readonly issuer?: unknown } | null)?.issuer;
  if (typeof issuer === 'string' && issuer !== '') return issuer;
  throw new PodroleError('the API server names no issuer in its discovery document', { code: 'issuer-unknown', hint: 'give --issuer URL' });
}
