import type { PlanItem } from '../../src/setup/action.ts';
import { desiredState } from '../../src/setup/desired-state.ts';
import { gatherFacts } from '../../src/setup/gather.ts';
import type { SetupRequest } from '../../src/setup/kf-def.ts';
import { DEFAULT_OPTIONS, type SetupOptions } from '../../src/setup/options.ts';
import { type Plan, planSetup } from '../../src/setup/plan.ts';
import { gatherSite } from '../../src/setup/site.ts';
import { REGION, type SetupWorld, sha256Hex } from './setup-world.ts';

/** What the Kubeflow documentation asks for. */
export const REQUEST: SetupRequest = {
  cluster: 'demo',
  region: REGION,
  namespace: 'kubeflow',
  enablePodIamPolicy: true,
  enableNodeGroupLog: false,
  outside: [],
};

/** A plan for a world in memory. */
export async function planFor(
  world: SetupWorld,
  given: { readonly request?: Partial<SetupRequest>; readonly options?: Partial<SetupOptions> } = {},
): Promise<Plan> {
  const request = { ...REQUEST, ...given.request };
  const options = { ...DEFAULT_OPTIONS, ...given.options };
  const ports = world.ports();
  const site = await gatherSite(ports, { cluster: request.cluster, region: request.region, selfManaged: options.selfManaged });
  const desired = desiredState({ request, options, site, version: '0.0.0', sha256Hex });
  const facts = await gatherFacts(ports, desired);
  return planSetup({ cluster: request.cluster, site, desired, facts, options, sha256Hex });
}

/** `verb object` of each item that is not kept. */
export const changesOf = (items: readonly PlanItem[]): readonly string[] =>
  items.filter(({ verb }) => verb !== 'keep').map(({ verb, object }) => `${verb} ${object}`);

/** The item of one object. */
export function itemOf(plan: { readonly items: readonly PlanItem[] }, object: string): PlanItem {
  const found = plan.items.find((item) => item.object === object);
  if (found === undefined) throw new Error(`the plan has no ${object}: ${plan.items.map((item) => item.object).join(', ')}`);
  return found;
}
