import { messageOf, PodroleError } from '../base/errors.ts';
import type { Plan, PlanItem, SetupAction } from './plan.ts';
import type { SetupPorts } from './ports.ts';

/** Told once per item that was carried out, in the order in which they end. */
export interface AppliedItem {
  readonly item: PlanItem;
  readonly ok: boolean;
  readonly error?: unknown;
}

/** Which actions must have ended before others begin; within a phase they run at once. */
const PHASE: Readonly<Record<SetupAction['kind'], number>> = {
  'create-provider': 0,
  'add-client-id': 0,
  'create-role': 0,
  'create-namespace': 0,
  'update-trust-policy': 1,
  'put-inline-policy': 1,
  'annotate-service-account': 1,
};

/**
 * Carries out a plan. What is done stays done when something fails: running it again goes on from there. Rejects with
 * `plan-has-conflicts` before the first write, or `setup-incomplete` (retry `backoff`) after a failed phase, naming each object.
 */
export async function applySetup(
  ports: SetupPorts,
  work: { readonly plan: Plan; readonly told: (applied: AppliedItem) => void },
  signal?: AbortSignal,
): Promise<void> {
  const { plan, told } = work;
  const conflicts = plan.items.filter((item) => item.verb === 'conflict');
  if (conflicts.length > 0) {
    throw new PodroleError(`nothing was written: ${conflicts.map((item) => `${item.object}: ${item.reason}`).join('; ')}`, {
      code: 'plan-has-conflicts',
    });
  }
  for (const phase of [0, 1]) {
    signal?.throwIfAborted();
    const items = plan.items.filter((item) => item.action !== undefined && PHASE[item.action.kind] === phase);
    const failures = await Promise.all(
      items.map(async (item) => {
        try {
          if (item.action !== undefined) await act(ports, { action: item.action, tags: plan.tags }, signal);
          told({ item, ok: true });
          return undefined;
        } catch (error) {
          told({ item, ok: false, error });
          return { item, error };
        }
      }),
    );
    const failed = failures.filter((failure) => failure !== undefined);
    if (failed.length > 0) {
      throw new PodroleError(
        `setup is not complete: ${failed.map(({ item, error }) => `${item.object}: ${messageOf(error)}`).join('; ')}`,
        {
          code: 'setup-incomplete',
          retry: 'backoff',
          hint: 'mend the cause and run `podrole setup apply` again: what is done stays done',
          cause: failed[0]?.error,
        },
      );
    }
  }
}

function act(
  { aws, kube }: SetupPorts,
  { action, tags }: { readonly action: SetupAction; readonly tags: Plan['tags'] },
  signal?: AbortSignal,
): Promise<void> {
  switch (action.kind) {
    case 'create-provider':
      return aws.createProvider({ issuer: action.issuer, clientIds: action.clientIds, tags }, signal);
    case 'add-client-id':
      return aws.addClientId(action.providerArn, action.clientId, signal);
    case 'create-role':
      return aws.createRole({ name: action.role, trustPolicy: action.trustPolicy, description: action.description, tags }, signal);
    case 'update-trust-policy':
      return aws.updateTrustPolicy(action.role, action.document, signal);
    case 'put-inline-policy':
      return aws.putInlinePolicy(action.role, action.policy, action.document, signal);
    case 'create-namespace':
      return kube.createNamespace(action.namespace, signal);
    case 'annotate-service-account':
      return kube.annotateServiceAccount(action, action.annotations, signal);
  }
}
